package io.pointsman.xds.server;

import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/** The meters of the xDS server. Thread-safe. */
final class XdsMetrics {
  private static final Duration[] APPLY_BUCKETS = {
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10)
  };

  private record PerType(Counter pushes, Counter nacks, Timer apply) {}

  private final Map<ResourceType, PerType> perType = new EnumMap<>(ResourceType.class);
  private final MeterRegistry registry;
  private final Counter refused;
  private final MultiGauge version;
  private final AtomicLong appliedNanos = new AtomicLong(System.nanoTime());
  private final AtomicBoolean inForce = new AtomicBoolean(true);

  XdsMetrics(MeterRegistry registry) {
    this.registry = registry;
    for (ResourceType type : VersionedConfig.TYPES) {
      perType.put(type, perType(registry, Tags.of("type", type.name().toLowerCase(Locale.ROOT))));
    }
    refused =
        Counter.builder("pointsman.xds.settings.refused")
            .description("Settings files that were refused")
            .register(registry);
    version =
        MultiGauge.builder("pointsman.xds.settings.info")
            .description("The version of the configuration in force, as a label")
            .register(registry);
    TimeGauge.builder(
            "pointsman.xds.settings.age",
            () -> System.nanoTime() - appliedNanos.get(),
            TimeUnit.NANOSECONDS)
        .description("Time since the settings in force were taken over")
        .register(registry);
    Gauge.builder("pointsman.xds.settings.in.force", () -> inForce.get() ? 1 : 0)
        .description("1 if the settings file as it is now is in force, 0 if it was refused")
        .register(registry);
  }

  private static PerType perType(MeterRegistry registry, Tags tags) {
    return new PerType(
        Counter.builder("pointsman.xds.pushes")
            .description("Configurations sent to Envoys")
            .tags(tags)
            .register(registry),
        Counter.builder("pointsman.xds.nacks")
            .description("Configurations that an Envoy refused")
            .tags(tags)
            .register(registry),
        Timer.builder("pointsman.xds.apply")
            .description("From reading changed settings to an Envoy's acknowledgement")
            .tags(tags)
            .serviceLevelObjectives(APPLY_BUCKETS)
            .register(registry));
  }

  /** Shows how many Envoys are connected, and how many lack the configuration in force. */
  void watchEnvoys(Supplier<Number> delta, Supplier<Number> sotw, Supplier<Number> behind) {
    Gauge.builder("pointsman.xds.envoys", delta)
        .description("Connected Envoys")
        .tag("protocol", "delta")
        .register(registry);
    Gauge.builder("pointsman.xds.envoys", sotw)
        .description("Connected Envoys")
        .tag("protocol", "sotw")
        .register(registry);
    Gauge.builder("pointsman.xds.envoys.behind", behind)
        .description("Connected Envoys that have not acknowledged the configuration in force")
        .register(registry);
  }

  void pushed(ResourceType type) {
    PerType meters = perType.get(type);
    if (meters != null) {
      meters.pushes.increment();
    }
  }

  void nacked(ResourceType type) {
    PerType meters = perType.get(type);
    if (meters != null) {
      meters.nacks.increment();
    }
  }

  void applied(ResourceType type, long nanos) {
    PerType meters = perType.get(type);
    if (meters != null) {
      meters.apply.record(nanos, TimeUnit.NANOSECONDS);
    }
  }

  void settingsTaken(String configVersion) {
    appliedNanos.set(System.nanoTime());
    inForce.set(true);
    version.register(
        List.of(MultiGauge.Row.of(Tags.of("version", configVersion), 1)), /* overwrite= */ true);
  }

  void settingsRefused() {
    refused.increment();
    inForce.set(false);
  }
}
