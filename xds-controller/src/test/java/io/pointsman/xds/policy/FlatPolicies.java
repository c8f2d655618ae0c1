package io.pointsman.xds.policy;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Policies as paths and values: {@code ClientTrafficPolicy.connection.bufferLimit} = {@code
 * 4194304}. Patches have their kind and their path in place of a number.
 */
final class FlatPolicies {
  /** Long ways that many paths share, and what stands for them. */
  private static final Map<String, String> SHORT =
      Map.of(
          "EnvoyPatchPolicy.jsonPatches[", "patch[",
          "].operation.", "].",
          "EnvoyExtensionPolicy.extProc[0]", "extProc",
          "typed_extension_protocol_options.envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              "http",
          "envoy.filters.http.ext_proc/envoyextensionpolicy", "ext_proc");

  private final Map<String, String> values = new TreeMap<>();

  private FlatPolicies() {}

  static Map<String, String> of(List<Policy> policies) {
    var flat = new FlatPolicies();
    for (Policy policy : policies) {
      String suffix = policy.id().name().endsWith("-pods") ? "(pods)" : "";
      String path = policy.id().kind().kind() + suffix;
      flat.values.put(path + "#name", policy.id().namespace() + "/" + policy.id().name());
      flat.walk(path + "#labels", policy.labels());
      flat.walk(path, policy.spec());
    }
    return flat.values;
  }

  /**
   * The paths at which two lists differ, with the second one's value or "(none)". A policy or a
   * patch that is there in one list alone is one line.
   */
  static Map<String, String> difference(List<Policy> before, List<Policy> after) {
    Map<String, String> old = of(before);
    Map<String, String> now = of(after);
    Map<String, String> difference = new TreeMap<>(now);
    difference.entrySet().removeIf(entry -> entry.getValue().equals(old.get(entry.getKey())));
    for (String path : old.keySet()) {
      if (!now.containsKey(path)) {
        difference.put(path, "(none)");
      }
    }
    fold(difference, old, now, "#name");
    fold(difference, old, now, "].type");
    return difference;
  }

  /** Replaces all lines of a thing that came or went by one. */
  private static void fold(
      Map<String, String> difference,
      Map<String, String> old,
      Map<String, String> now,
      String mark) {
    for (String path : List.copyOf(difference.keySet())) {
      boolean came = path.endsWith(mark) && !old.containsKey(path);
      boolean went = path.endsWith(mark) && !now.containsKey(path);
      if (came || went) {
        String thing = path.substring(0, path.length() - mark.length());
        String start = mark.equals("#name") ? thing : thing + "]";
        difference
            .keySet()
            .removeIf(
                other ->
                    other.startsWith(start + ".")
                        || other.startsWith(start + "#")
                        || (start.equals("EnvoyExtensionPolicy") && other.startsWith("extProc."))
                        || (start.equals("EnvoyPatchPolicy") && other.startsWith("patch[")));
        difference.put(start, came ? "(new)" : "(none)");
      }
    }
  }

  private void walk(String path, Object value) {
    if (value instanceof Map<?, ?> map) {
      if (map.isEmpty()) {
        put(path, "{}");
      }
      map.forEach((key, child) -> walk(path + "." + key, child));
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        walk(path + "[" + key(list.get(i), i) + "]", list.get(i));
      }
    } else {
      put(path, String.valueOf(value));
    }
  }

  private void put(String path, String value) {
    String shortPath = path;
    for (Map.Entry<String, String> way : SHORT.entrySet()) {
      shortPath = shortPath.replace(way.getKey(), way.getValue());
    }
    values.put(shortPath, value);
  }

  private static String key(Object element, int index) {
    if (element instanceof Map<?, ?> map && map.get("operation") instanceof Map<?, ?> operation) {
      String type = String.valueOf(map.get("type"));
      return (type.substring(type.lastIndexOf('.') + 1) + " " + operation.get("path"))
          .replace("RouteConfiguration 0", "Route")
          .strip();
    }
    return String.valueOf(index);
  }
}
