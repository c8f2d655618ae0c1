package io.pointsman.plugin.prefill;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.pointsman.common.LatencyBuckets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The meters of one model's prefills. Thread-safe. */
final class PrefillMeters {
  private final MeterRegistry registry;
  private final List<Meter> all = new ArrayList<>();
  private final AtomicInteger outstanding = new AtomicInteger();
  private final Timer duration;
  private final Timer transferWait;
  private final Map<PrefillFailure, Counter> failures = new EnumMap<>(PrefillFailure.class);
  private final Map<String, Counter> ends;

  PrefillMeters(MeterRegistry registry, String model) {
    this.registry = registry;
    duration =
        timer("pointsman.prefill.duration", "Time that prefill pods took to answer well", model);
    transferWait =
        timer(
            "pointsman.kv.transfer.wait",
            "Time from a prefill's end to the response headers of its decode pod",
            model);
    keep(
        Gauge.builder("pointsman.prefill.outstanding", outstanding, AtomicInteger::get)
            .description("Calls to prefill pods that are under way")
            .tag("model", model)
            .register(registry));
    for (PrefillFailure failure : PrefillFailure.values()) {
      failures.put(
          failure,
          keep(
              Counter.builder("pointsman.prefill.failures")
                  .description("Calls to prefill pods that came to nothing")
                  .tag("model", model)
                  .tag("reason", failure.label())
                  .register(registry)));
    }
    ends =
        Map.of(
            "completed", end(model, "completed"),
            "skipped", end(model, "skipped"),
            "decode_only", end(model, "decode_only"),
            "sidecar", end(model, "sidecar"),
            "failed", end(model, "failed"));
  }

  private Counter end(String model, String outcome) {
    return keep(
        Counter.builder("pointsman.prefill.requests")
            .description("Requests under the strategy pd, by what became of their prefill")
            .tag("model", model)
            .tag("outcome", outcome)
            .register(registry));
  }

  private Timer timer(String name, String description, String model) {
    return keep(
        Timer.builder(name)
            .description(description)
            .tag("model", model)
            .serviceLevelObjectives(LatencyBuckets.ofModelServers())
            .register(registry));
  }

  private <M extends Meter> M keep(M meter) {
    all.add(meter);
    return meter;
  }

  void began() {
    outstanding.incrementAndGet();
  }

  void ended() {
    outstanding.decrementAndGet();
  }

  void took(long nanos) {
    duration.record(nanos, TimeUnit.NANOSECONDS);
  }

  void waited(long nanos) {
    transferWait.record(nanos, TimeUnit.NANOSECONDS);
  }

  void failed(PrefillFailure failure) {
    requireNonNull(failures.get(failure)).increment();
  }

  /** Counts what became of one request's prefill. */
  void outcome(String label) {
    requireNonNull(ends.get(label)).increment();
  }

  /** Takes these meters out of the registry. */
  void remove() {
    all.forEach(registry::remove);
  }
}
