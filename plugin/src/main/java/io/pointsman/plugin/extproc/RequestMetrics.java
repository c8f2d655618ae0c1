package io.pointsman.plugin.extproc;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.pointsman.plugin.endpoint.Pools;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The meters of requests. A meter is registered when its model or strategy is first seen and then
 * only read from a map of our own, never looked up by tag. Models come from discovery alone, and
 * the meters of a model that discovery dropped are removed when the next new one is registered, so
 * the number of series is bounded by models, strategies and status codes. Thread-safe.
 */
public final class RequestMetrics {
  /** Stands for a model that discovery does not know, and for a strategy that was never chosen. */
  private static final String UNKNOWN_MODEL = "unknown";

  static final String NO_STRATEGY = "none";

  static final int MAX_STRATEGIES = 64;

  /** Takes what comes after the first {@link #MAX_STRATEGIES} strategies. */
  static final String OTHER_STRATEGY = "other";

  private static final Duration[] DECISION_BUCKETS = {
    Duration.ofNanos(10_000),
    Duration.ofNanos(25_000),
    Duration.ofNanos(50_000),
    Duration.ofNanos(100_000),
    Duration.ofNanos(250_000),
    Duration.ofMillis(1),
    Duration.ofMillis(10)
  };

  private final MeterRegistry registry;
  private final Supplier<Pools> pools;
  private final ConcurrentHashMap<String, RequestMeters> models = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Timer> decisions = new ConcurrentHashMap<>();
  private final Map<ProtocolFault, Counter> faults = new EnumMap<>(ProtocolFault.class);
  private final RequestMeters unknownModel;

  /**
   * @param registry where meters are registered
   * @param pools the models that discovery knows now
   */
  public RequestMetrics(MeterRegistry registry, Supplier<Pools> pools) {
    this.registry = registry;
    this.pools = pools;
    unknownModel = new RequestMeters(registry, UNKNOWN_MODEL);
    for (ProtocolFault fault : ProtocolFault.values()) {
      faults.put(
          fault,
          Counter.builder("pointsman.extproc.protocol.errors")
              .description("ext_proc streams that ended for a fault of protocol or wiring")
              .tag("kind", fault.label())
              .register(registry));
    }
  }

  /** Shows the size of this collection as the number of open streams. */
  void showStreams(Collection<?> openStreams) {
    Gauge.builder("pointsman.extproc.streams", openStreams, Collection::size)
        .description("Open ext_proc streams, one for each HTTP request in progress")
        .strongReference(true)
        .register(registry);
  }

  /** The meters of this model, or of all unknown ones together. */
  RequestMeters model(String name) {
    RequestMeters meters = models.get(name);
    return meters != null ? meters : addModel(name);
  }

  /** The meters of requests whose model is not known. */
  RequestMeters unknownModel() {
    return unknownModel;
  }

  void decided(String strategy, long nanos) {
    Timer timer = decisions.get(strategy);
    if (timer == null) {
      timer = addStrategy(strategy);
    }
    timer.record(nanos, TimeUnit.NANOSECONDS);
  }

  void fault(ProtocolFault fault) {
    requireNonNull(faults.get(fault)).increment();
  }

  private synchronized RequestMeters addModel(String name) {
    Pools known = pools.get();
    if (known.find(name) == null) {
      return unknownModel;
    }
    models
        .entrySet()
        .removeIf(
            entry -> {
              boolean gone = known.find(entry.getKey()) == null;
              if (gone) {
                entry.getValue().remove();
              }
              return gone;
            });
    return models.computeIfAbsent(name, n -> new RequestMeters(registry, n));
  }

  private synchronized Timer addStrategy(String name) {
    String label = decisions.size() < MAX_STRATEGIES ? name : OTHER_STRATEGY;
    return decisions.computeIfAbsent(
        label,
        n ->
            Timer.builder("pointsman.decision.duration")
                .description("Time from the message that completes a request to its pick")
                .tag("strategy", n)
                .serviceLevelObjectives(DECISION_BUCKETS)
                .register(registry));
  }
}
