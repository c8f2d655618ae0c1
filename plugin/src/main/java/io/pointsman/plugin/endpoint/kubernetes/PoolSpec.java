package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What an InferencePool says of its pods.
 *
 * @param namespace where they are
 * @param model the model they serve: the pool's model label or annotation, or else its name
 * @param selector label selector
 * @param ports each an endpoint of its own
 */
record PoolSpec(String namespace, String model, String selector, List<Integer> ports) {
  PoolSpec {
    ports = List.copyOf(ports);
  }

  /** What a pool says, or null if it selects nothing or names no port. */
  static @Nullable PoolSpec read(GenericKubernetesResource pool, PodKeys keys) {
    Object labels = pool.get("spec", "selector", "matchLabels");
    Object targets = pool.get("spec", "targetPorts");
    if (!(labels instanceof Map<?, ?> map) || !(targets instanceof List<?> list) || map.isEmpty()) {
      return null;
    }
    Map<String, String> requirements = new TreeMap<>();
    map.forEach((label, value) -> requirements.put(String.valueOf(label), String.valueOf(value)));
    List<String> selector = new ArrayList<>();
    requirements.forEach((label, value) -> selector.add(label + "=" + value));
    List<Integer> ports = new ArrayList<>();
    for (Object target : list) {
      if (target instanceof Map<?, ?> port && port.get("number") instanceof Number number) {
        ports.add(number.intValue());
      }
    }
    if (ports.isEmpty()) {
      return null;
    }
    String model = PodReader.value(pool.getMetadata(), keys.model());
    return new PoolSpec(
        pool.getMetadata().getNamespace(),
        model == null ? pool.getMetadata().getName() : model,
        String.join(",", selector),
        ports);
  }
}
