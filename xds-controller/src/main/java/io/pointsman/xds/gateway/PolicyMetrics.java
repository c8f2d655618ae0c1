package io.pointsman.xds.gateway;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import io.pointsman.xds.policy.PolicyId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** The meters of gateway mode. Policies are few and their names come from the settings. */
final class PolicyMetrics {
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofSeconds(2),
    Duration.ofSeconds(5),
    Duration.ofSeconds(15),
    Duration.ofSeconds(60)
  };

  private final MeterRegistry registry;
  private final MultiGauge conditions;
  private final MultiGauge lag;
  private final MultiGauge foreign;
  private final Timer applyTime;
  private final Counter refused;
  private final AtomicBoolean settingsInForce = new AtomicBoolean(true);

  PolicyMetrics(MeterRegistry registry) {
    this.registry = registry;
    conditions =
        MultiGauge.builder("pointsman.gateway.policy.condition")
            .description("1 if the policy as it is now has the condition")
            .register(registry);
    lag =
        MultiGauge.builder("pointsman.gateway.policy.generations.behind")
            .description("Generations of the policy that Envoy Gateway has not judged yet")
            .register(registry);
    foreign =
        MultiGauge.builder("pointsman.gateway.policy.foreign.fields")
            .description("Fields of the policy that others have set")
            .register(registry);
    applyTime =
        Timer.builder("pointsman.gateway.apply")
            .description("From reading changed settings to the last policy that is applied")
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    refused =
        Counter.builder("pointsman.xds.settings.refused")
            .description("Settings files that were refused")
            .register(registry);
    Gauge.builder("pointsman.xds.settings.in.force", () -> settingsInForce.get() ? 1 : 0)
        .description("1 if the settings file as it is now is in force, 0 if it was refused")
        .register(registry);
  }

  /** Shows whether this replica works, and how long the API server has not answered. */
  void watch(Supplier<Boolean> leading, Supplier<Duration> silence) {
    Gauge.builder("pointsman.gateway.leading", () -> leading.get() ? 1 : 0)
        .description("1 if this replica is the one that keeps the policies")
        .register(registry);
    TimeGauge.builder(
            "pointsman.gateway.api.silent", () -> silence.get().toMillis(), TimeUnit.MILLISECONDS)
        .description("How long the API server has refused or not answered; 0 while it does")
        .register(registry);
  }

  void settingsTaken() {
    settingsInForce.set(true);
  }

  void settingsRefused() {
    settingsInForce.set(false);
    refused.increment();
  }

  void applied(PolicyId id) {
    counter("pointsman.gateway.applied", "Times that a policy was applied", id).increment();
  }

  void conflicted(PolicyId id) {
    counter("pointsman.gateway.conflicts", "Times that others had set fields of ours", id)
        .increment();
  }

  void repaired(PolicyId id) {
    counter("pointsman.gateway.repairs", "Times that a policy was changed behind our back", id)
        .increment();
  }

  void failed() {
    Counter.builder("pointsman.gateway.failures")
        .description("Times that the API server refused something or did not answer")
        .register(registry)
        .increment();
  }

  void tookOver(long nanos) {
    applyTime.record(nanos, TimeUnit.NANOSECONDS);
  }

  void show(List<PolicyState> states) {
    List<Row<?>> conditionRows = new ArrayList<>();
    List<Row<?>> lagRows = new ArrayList<>();
    List<Row<?>> foreignRows = new ArrayList<>();
    for (PolicyState state : states) {
      Verdict verdict = state.verdict();
      conditionRows.add(row(state.id(), "accepted", verdict.accepted() && verdict.current()));
      conditionRows.add(row(state.id(), "programmed", verdict.programmed() && verdict.current()));
      conditionRows.add(row(state.id(), "in_force", verdict.inForce()));
      lagRows.add(Row.of(tags(state.id()), state.generation() - state.observedGeneration()));
      foreignRows.add(
          Row.of(
              tags(state.id()),
              state.foreign().values().stream().mapToInt(set -> set.size()).sum()));
    }
    conditions.register(conditionRows, /* overwrite= */ true);
    lag.register(lagRows, /* overwrite= */ true);
    foreign.register(foreignRows, /* overwrite= */ true);
  }

  private static Row<Number> row(PolicyId id, String condition, boolean value) {
    return Row.of(tags(id).and("condition", condition), value ? 1 : 0);
  }

  private Counter counter(String name, String description, PolicyId id) {
    return Counter.builder(name).description(description).tags(tags(id)).register(registry);
  }

  private static Tags tags(PolicyId id) {
    return Tags.of("kind", id.kind().kind().toLowerCase(Locale.ROOT), "policy", id.name());
  }
}
