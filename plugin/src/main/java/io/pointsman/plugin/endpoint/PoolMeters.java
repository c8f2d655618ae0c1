package io.pointsman.plugin.endpoint;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * The meters of one model and its endpoints. They come with the model and go with it. Counters may
 * be used from any thread, the rest belongs to the registry's thread.
 */
final class PoolMeters {
  /** How many endpoints are in which state. */
  record States(int ready, int notReady, int setAside, int probation) {}

  private final MeterRegistry registry;
  private final String model;
  private final List<Meter> ofModel = new ArrayList<>();
  private final Map<Endpoint, Meter> ofEndpoints = new HashMap<>();
  private final Counter setAside;
  private final Counter connectionFailed;
  private final Counter unavailable;
  private final Counter trialAnswered;
  private final Counter trialFailed;
  private final Counter trialNeutral;
  private volatile States states = new States(0, 0, 0, 0);

  PoolMeters(MeterRegistry registry, String model) {
    this.registry = registry;
    this.model = model;
    stateGauge("ready", States::ready);
    stateGauge("not_ready", States::notReady);
    stateGauge("set_aside", States::setAside);
    stateGauge("probation", States::probation);
    setAside =
        keep(
            Counter.builder("pointsman.health.set.aside")
                .description("Times an endpoint was set aside")
                .tag("model", model)
                .register(registry));
    connectionFailed = failureCounter("connection_failed");
    unavailable = failureCounter("unavailable");
    trialAnswered = trialCounter("answered");
    trialFailed = trialCounter("failed");
    trialNeutral = trialCounter("neutral");
  }

  private void stateGauge(String state, ToIntFunction<States> count) {
    keep(
        Gauge.builder("pointsman.endpoints", () -> count.applyAsInt(states))
            .description("Known endpoints by state")
            .tag("model", model)
            .tag("state", state)
            .register(registry));
  }

  private Counter failureCounter(String kind) {
    return keep(
        Counter.builder("pointsman.health.failures")
            .description("Failures of endpoints that count towards setting them aside")
            .tag("model", model)
            .tag("kind", kind)
            .register(registry));
  }

  private Counter trialCounter(String result) {
    return keep(
        Counter.builder("pointsman.health.trials")
            .description("Trial requests to endpoints in probation by what they told")
            .tag("model", model)
            .tag("result", result)
            .register(registry));
  }

  private <M extends Meter> M keep(M meter) {
    ofModel.add(meter);
    return meter;
  }

  void setAside() {
    setAside.increment();
  }

  void failed(Outcome kind) {
    (kind == Outcome.CONNECTION_FAILED ? connectionFailed : unavailable).increment();
  }

  void trialAnswered() {
    trialAnswered.increment();
  }

  void trialFailed() {
    trialFailed.increment();
  }

  void trialNeutral() {
    trialNeutral.increment();
  }

  void states(States newStates) {
    states = newStates;
  }

  /** Adds the endpoint's gauge under its present name and address. */
  void add(Endpoint endpoint) {
    ofEndpoints.put(
        endpoint,
        Gauge.builder("pointsman.endpoint.in.flight", endpoint, Endpoint::inFlight)
            .description("Requests reserved by this replica and not yet ended")
            .tag("model", model)
            .tag("endpoint", endpoint.name())
            .tag("address", endpoint.address())
            .strongReference(true)
            .register(registry));
  }

  void remove(Endpoint endpoint) {
    Meter meter = ofEndpoints.remove(endpoint);
    if (meter != null) {
      registry.remove(meter);
    }
  }

  void close() {
    ofModel.forEach(registry::remove);
    ofEndpoints.values().forEach(registry::remove);
    ofEndpoints.clear();
  }
}
