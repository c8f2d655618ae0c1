package io.pointsman.plugin.endpoint;

import java.util.List;

/**
 * The endpoints of one model at one moment, or those among them that have an adapter loaded.
 * Immutable; a change makes a new pool.
 *
 * @param model the model's name; for an adapter, that of its base model
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

  /** The part of it that has an adapter loaded. */
  Pool withAdapter(String adapter) {
    return new Pool(
        model,
        engine,
        config,
        with(adapter, candidates),
        with(adapter, probation),
        with(adapter, all));
  }

  private static List<Endpoint> with(String adapter, List<Endpoint> endpoints) {
    return endpoints.stream().filter(endpoint -> endpoint.adapters().contains(adapter)).toList();
  }
}
