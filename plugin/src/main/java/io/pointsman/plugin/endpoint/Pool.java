package io.pointsman.plugin.endpoint;

import java.util.List;

/**
 * The endpoints of one model at one moment. Immutable; a change makes a new pool.
 *
 * @param model the model's name
 * @param engine {@code vllm}, {@code sglang} or {@code trtllm}
 * @param config the model's config profiles
 * @param candidates ready and not set aside: what a strategy picks from
 * @param probation were set aside and are due for a trial request
 * @param all every known endpoint, ready or not
 */
public record Pool(
    String model,
    String engine,
    ModelConfig config,
    List<Endpoint> candidates,
    List<Endpoint> probation,
    List<Endpoint> all) {
  public Pool {
    candidates = List.copyOf(candidates);
    probation = List.copyOf(probation);
    all = List.copyOf(all);
  }
}
