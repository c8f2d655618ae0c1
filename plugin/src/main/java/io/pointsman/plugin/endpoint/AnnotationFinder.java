package io.pointsman.plugin.endpoint;

import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Finds config profiles in files: manifests, in YAML or JSON, whose pods or pod templates carry the
 * annotation {@link ModelConfigReader#ANNOTATION}, or the content of the annotation alone.
 */
public final class AnnotationFinder {
  /** Deeper than any manifest; keeps a document that contains itself from running for ever. */
  private static final int MAX_DEPTH = 64;

  /** They hand the annotations of their template on to pods, and none of their own. */
  private static final Set<String> MAKERS =
      Set.of(
          "Deployment",
          "StatefulSet",
          "DaemonSet",
          "ReplicaSet",
          "ReplicationController",
          "Job",
          "CronJob");

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
   * @throws ConfigException if it is no YAML, or the annotation is no string, or stands where no
   *     pod gets it
   */
  public static List<Found> find(String source, String content) throws ConfigException {
    boolean json = content.stripLeading().startsWith("{");
    var finder = new AnnotationFinder();
    List<YamlNode> roots = YamlNode.parseAll(source, json ? content.replace('\t', ' ') : content);
    boolean manifests = false;
    for (YamlNode root : roots) {
      manifests |= isManifest(root);
    }
    if (!manifests) {
      return List.of(new Found(1, content));
    }
    for (YamlNode root : roots) {
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
      refuseAnnotationOfMaker(map);
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

  private static void refuseAnnotationOfMaker(YamlMap map) throws ConfigException {
    YamlNode kind = map.get("kind");
    if (kind == null || !kind.isText() || !MAKERS.contains(kind.string())) {
      return;
    }
    YamlNode metadata = map.get("metadata");
    YamlNode annotations =
        metadata != null && metadata.isMap() ? metadata.map().get("annotations") : null;
    YamlNode config =
        annotations != null && annotations.isMap()
            ? annotations.map().get(ModelConfigReader.ANNOTATION)
            : null;
    if (config != null) {
      throw config.error(
          "no pod gets it from a %s: it belongs into the pod template".formatted(kind.string()));
    }
  }
}
