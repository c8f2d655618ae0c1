package io.pointsman.plugin.endpoint;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint as discovery describes it.
 *
 * @param key identity across updates
 * @param name pod name, for people: the {@code target-pod} response header, metrics and logs
 * @param address {@code ip:port} as Envoy dials it, IPv6 in brackets
 * @param ready false keeps the endpoint known (with its counters) but out of every pick
 * @param roleset the prefill-decode group it belongs to, or null
 * @param role its part in that group
 * @param labels what {@code external-filter} selects by; empty where that is off, to save memory
 * @param container the container that runs there; another one knows nothing of what this one has
 *     cached. Empty where discovery knows no containers
 * @param adapters LoRA adapters that it has loaded, by the names that requests give; empty if
 *     discovery knows of none
 * @param metricsPort where its engine's metrics page is; 0: where it serves
 * @param disaggregation what it says for prefill-decode routing
 */
public record EndpointSpec(
    EndpointKey key,
    String name,
    String address,
    boolean ready,
    @Nullable String roleset,
    Role role,
    Map<String, String> labels,
    String container,
    List<String> adapters,
    int metricsPort,
    Disaggregation disaggregation) {
  public EndpointSpec {
    labels = Map.copyOf(labels);
    adapters = List.copyOf(adapters);
  }

  /** With its engine's metrics page where it serves. */
  public EndpointSpec(
      EndpointKey key,
      String name,
      String address,
      boolean ready,
      @Nullable String roleset,
      Role role,
      Map<String, String> labels,
      String container,
      List<String> adapters) {
    this(key, name, address, ready, roleset, role, labels, container, adapters, 0);
  }

  /** With nothing special said for prefill-decode routing. */
  public EndpointSpec(
      EndpointKey key,
      String name,
      String address,
      boolean ready,
      @Nullable String roleset,
      Role role,
      Map<String, String> labels,
      String container,
      List<String> adapters,
      int metricsPort) {
    this(
        key,
        name,
        address,
        ready,
        roleset,
        role,
        labels,
        container,
        adapters,
        metricsPort,
        Disaggregation.DEFAULT);
  }

  /** The same endpoint with something else said for prefill-decode routing. */
  public EndpointSpec with(Disaggregation other) {
    return new EndpointSpec(
        key, name, address, ready, roleset, role, labels, container, adapters, metricsPort, other);
  }

  /** Without labels, container and adapters. */
  public EndpointSpec(
      EndpointKey key,
      String name,
      String address,
      boolean ready,
      @Nullable String roleset,
      Role role) {
    this(key, name, address, ready, roleset, role, Map.of(), "", List.of());
  }

  /** The part an endpoint plays in prefill-decode routing. */
  public enum Role {
    /** Serves whole requests. */
    COMBINED,
    /** Computes the KV cache of prompts. */
    PREFILL,
    /** Generates from a transferred KV cache. */
    DECODE
  }
}
