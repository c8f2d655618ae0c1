package io.pointsman.xds.gateway;

import io.pointsman.xds.policy.Policies;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Fields of a policy's {@code spec} that somebody else has set. They stay as they are. */
final class ForeignFields {
  private static final int MAX_FIELDS = 20;

  private ForeignFields() {}

  /** The fields by their manager, as {@code connection.bufferLimit}. */
  static Map<String, SortedSet<String>> of(Map<?, ?> live) {
    var fields = new TreeMap<String, SortedSet<String>>();
    for (Object entry : Manifest.list(live, "metadata", "managedFields")) {
      String manager = Manifest.text(entry, "manager");
      if (!manager.equals(Policies.MANAGER) && Manifest.text(entry, "subresource").isEmpty()) {
        var paths = new TreeSet<String>();
        collect(Manifest.at(entry, "fieldsV1", "f:spec"), "", paths);
        if (!paths.isEmpty()) {
          fields.computeIfAbsent(manager, key -> new TreeSet<>()).addAll(paths);
        }
      }
    }
    return fields;
  }

  /** Keys are {@code f:name} for fields, {@code k:…} and {@code v:…} for elements of lists. */
  private static void collect(@Nullable Object node, String path, SortedSet<String> paths) {
    if (!(node instanceof Map<?, ?> map) || paths.size() >= MAX_FIELDS) {
      return;
    }
    boolean leaf = true;
    for (Map.Entry<?, ?> child : map.entrySet()) {
      String key = String.valueOf(child.getKey());
      if (key.startsWith("f:")) {
        leaf = false;
        String name = key.substring(2);
        collect(child.getValue(), path.isEmpty() ? name : path + "." + name, paths);
      } else if (!key.equals(".")) {
        leaf = false;
        collect(child.getValue(), path + "[" + key.substring(2) + "]", paths);
      }
    }
    if (leaf && !path.isEmpty()) {
      paths.add(path);
    }
  }
}
