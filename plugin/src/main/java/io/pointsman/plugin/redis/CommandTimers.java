package io.pointsman.plugin.redis;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** How long Redis takes to answer, by kind of command. Thread-safe. */
final class CommandTimers {
  private final MeterRegistry registry;
  private final ConcurrentMap<String, Timer> timers = new ConcurrentHashMap<>();

  CommandTimers(MeterRegistry registry) {
    this.registry = registry;
  }

  Timer of(String kind) {
    return timers.computeIfAbsent(kind, this::register);
  }

  private Timer register(String kind) {
    // Named as the published deployment guide names it, so that its dashboards find it.
    return Timer.builder("redis.commands.duration")
        .description("Time that Redis took to answer, by what was asked; failures count too")
        .tag("command", kind)
        .serviceLevelObjectives(
            Duration.ofMillis(1),
            Duration.ofMillis(5),
            Duration.ofMillis(20),
            Duration.ofMillis(100),
            Duration.ofMillis(500))
        .register(registry);
  }
}
