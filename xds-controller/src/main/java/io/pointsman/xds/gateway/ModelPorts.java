package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** At which ports a model pod serves, by the labels that the plugin goes by. */
final class ModelPorts {
  private static final String PORT = "model.aibrix.ai/port";
  private static final String RANKS = "data-parallel-size";
  private static final String NODE_TYPE = "ray.io/node-type";
  private static final String GROUP_INDEX = "stormservice.orchestration.aibrix.ai/pod-group-index";
  private static final int DEFAULT_PORT = 8000;
  private static final int LAST_PORT = 65_535;

  /** As many as the plugin knows. */
  private static final int MAX_RANKS = 256;

  private ModelPorts() {}

  /** The ports; none of a pod that only works for another one's server. */
  static List<Integer> of(Pod pod) {
    ObjectMeta meta = pod.getMetadata();
    String index = entry(meta.getLabels(), GROUP_INDEX);
    if ("worker".equals(entry(meta.getLabels(), NODE_TYPE))
        || (index != null && !index.equals("0"))) {
      return List.of();
    }
    String text = entry(meta.getLabels(), PORT);
    text = text == null ? entry(meta.getAnnotations(), PORT) : text;
    int first = text == null ? DEFAULT_PORT : number(text);
    var ports = new ArrayList<Integer>();
    int last = Math.min(first + ranks(pod) - 1, LAST_PORT);
    for (int port = first; port <= last && first > 0; port++) {
      ports.add(port);
    }
    return ports;
  }

  private static int ranks(Pod pod) {
    if (pod.getSpec() == null) {
      return 1;
    }
    for (Container container : pod.getSpec().getContainers()) {
      for (EnvVar variable : container.getEnv()) {
        if (variable.getName().equals(RANKS) && variable.getValue() != null) {
          return Math.min(Math.max(number(variable.getValue()), 1), MAX_RANKS);
        }
      }
    }
    return 1;
  }

  /** A count written in digits; 0 for anything else. */
  private static int number(String text) {
    try {
      return Math.max(0, Integer.parseInt(text.strip()));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static @Nullable String entry(@Nullable Map<String, String> map, String key) {
    String value = map == null ? null : map.get(key);
    return value == null || value.isBlank() ? null : value;
  }
}
