package io.pointsman.plugin.endpoint;

import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds config profiles in files: manifests, in YAML or JSON, whose pods or pod templates carry the
 * annotation {@link ModelConfigReader#ANNOTATION}, or the content of the annotation alone.
 */
public final class AnnotationFinder {
  /** Deeper than any manifest; keeps a document that contains itself from running for ever. */
  private static final int MAX_DEPTH = 64;

  /**
   * Config profiles as they were found.
   *
   * @param line line at which the JSON begins, counted from 1
   */
  public record Found(int line, String json) {}

  private final List<Found> found = new ArrayList<>();

  private AnnotationFinder() {}

  /**
   * Finds them in the order of the file.
   *
   * @param source the file's name, for messages
   * @return empty if it is a manifest without the annotation
   * @throws ConfigException if it is no YAML, or the annotation is no string
   */
  public static List<Found> find(String source, String content) throws ConfigException {
    boolean json = content.stripLeading().startsWith("{");
    var finder = new AnnotationFinder();
    for (YamlNode root : YamlNode.parseAll(source, json ? content.replace('\t', ' ') : content)) {
      if (!isManifest(root)) {
        return List.of(new Found(1, content));
      }
      finder.search(root, 0);
    }
    return finder.found;
  }

  private static boolean isManifest(YamlNode root) throws ConfigException {
    return root.isNull() || (root.isMap() && root.map().keys().contains("kind"));
  }

  private void search(YamlNode node, int depth) throws ConfigException {
    if (depth == MAX_DEPTH) {
      throw node.error("nested too deep");
    }
    if (node.isList()) {
      for (YamlNode item : node.list()) {
        search(item, depth + 1);
      }
    } else if (node.isMap()) {
      YamlMap map = node.map();
      for (String key : map.keys()) {
        YamlNode value = map.get(key);
        if (value == null) {
          continue;
        }
        if (key.equals(ModelConfigReader.ANNOTATION)) {
          found.add(new Found(value.textLine(), value.string()));
        } else {
          search(value, depth + 1);
        }
      }
    }
  }
}
