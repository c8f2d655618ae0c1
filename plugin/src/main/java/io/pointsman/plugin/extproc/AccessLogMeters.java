package io.pointsman.plugin.extproc;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.pointsman.common.LatencyBuckets;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What Envoy's access log tells of one model's requests. Thread-safe. */
final class AccessLogMeters {
  private final Map<FinishCause, Counter> finished = new EnumMap<>(FinishCause.class);
  private final Timer firstByte;
  private final Counter responseBytes;

  /**
   * @param registered is told each meter that is registered here
   */
  AccessLogMeters(MeterRegistry registry, String model, Consumer<Meter> registered) {
    for (FinishCause cause : FinishCause.values()) {
      Counter counter =
          Counter.builder("pointsman.requests.finished")
              .description("Routed requests in Envoy's access log, by why they ended")
              .tag("model", model)
              .tag("cause", cause.label())
              .register(registry);
      finished.put(cause, counter);
      registered.accept(counter);
    }
    firstByte =
        Timer.builder("pointsman.ttft")
            .description("Time from a request's first byte to its answer's, for answers with 2xx")
            .tag("model", model)
            .serviceLevelObjectives(LatencyBuckets.ofModelServers())
            .register(registry);
    registered.accept(firstByte);
    responseBytes =
        Counter.builder("pointsman.response")
            .description("Bytes of response bodies that went to clients")
            .baseUnit("bytes")
            .tag("model", model)
            .register(registry);
    registered.accept(responseBytes);
  }

  void finished(FinishCause cause, long bytes) {
    requireNonNull(finished.get(cause)).increment();
    responseBytes.increment((double) bytes);
  }

  void firstByte(long nanos) {
    firstByte.record(nanos, TimeUnit.NANOSECONDS);
  }
}
