package io.pointsman.plugin.endpoint;

import java.util.List;

/**
 * One model as discovery describes it.
 *
 * @param name the name clients ask for
 * @param engine {@code vllm}, {@code sglang} or {@code trtllm}
 * @param endpoints every known endpoint, ready or not, in a stable order
 * @param config config profiles; {@link ModelConfig#NONE} where nothing is configured
 */
public record ModelSpec(
    String name, String engine, List<EndpointSpec> endpoints, ModelConfig config) {
  public ModelSpec {
    endpoints = List.copyOf(endpoints);
  }
}
