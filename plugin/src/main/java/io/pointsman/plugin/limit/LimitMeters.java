package io.pointsman.plugin.limit;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;

/** Counts what limits said, by kind of limit; who met them is no label. Thread-safe. */
final class LimitMeters {
  private final Map<Limit, Counter> admitted;
  private final Map<Limit, Counter> refused;
  private final Map<Limit, Counter> unavailable;
  private final Map<Limit, Counter> waited = new EnumMap<>(Limit.class);
  private final Map<Limit, Counter> disagreed = new EnumMap<>(Limit.class);

  LimitMeters(MeterRegistry registry) {
    admitted = decisions(registry, "admitted");
    refused = decisions(registry, "refused");
    unavailable = decisions(registry, "unavailable");
    for (Limit limit : Limit.values()) {
      waited.put(
          limit,
          Counter.builder("pointsman.limit.waits")
              .description("Requests that waited for a lease of this limit")
              .tag("limit", limit.label())
              .register(registry));
      disagreed.put(
          limit,
          Counter.builder("pointsman.limit.disagreements")
              .description("Exchanges in which another replica had told a limit of another size")
              .tag("limit", limit.label())
              .register(registry));
    }
  }

  private static Map<Limit, Counter> decisions(MeterRegistry registry, String result) {
    var counters = new EnumMap<Limit, Counter>(Limit.class);
    for (Limit limit : Limit.values()) {
      counters.put(
          limit,
          Counter.builder("pointsman.limit.decisions")
              .description("What limits said to requests that have them")
              .tag("limit", limit.label())
              .tag("result", result)
              .register(registry));
    }
    return counters;
  }

  void admitted(Limit limit) {
    requireNonNull(admitted.get(limit)).increment();
  }

  void refused(Limit limit) {
    requireNonNull(refused.get(limit)).increment();
  }

  void unavailable(Limit limit) {
    requireNonNull(unavailable.get(limit)).increment();
  }

  void disagreed(Limit limit) {
    requireNonNull(disagreed.get(limit)).increment();
  }

  void waited(Limit limit) {
    requireNonNull(waited.get(limit)).increment();
  }
}
