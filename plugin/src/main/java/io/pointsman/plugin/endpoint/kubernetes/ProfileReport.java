package io.pointsman.plugin.endpoint.kubernetes;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.endpoint.kubernetes.ProfileChooser.Choice;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what is wrong with config annotations: once for each change, by log, metric and an event on
 * the pod. Where changes come thick and fast, log and events tell of some only, and of the last one
 * in the end. Not thread-safe, but for the gauges.
 */
final class ProfileReport implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ProfileReport.class);

  /** What is to be told of a model, and its gauges. */
  private final class Model {
    final Gauge invalidGauge;
    final Gauge disagreeingGauge;
    volatile @Nullable String problem;
    volatile int disagreeing;
    private @Nullable String problemUid;

    /** What the log and an event have told of; null while nothing is wrong. */
    private @Nullable String toldProblem;

    private boolean toldConflict;
    private final ReportBudget budget = new ReportBudget(clock);

    Model(String name) {
      invalidGauge =
          Gauge.builder("pointsman.profile.invalid", this, its -> its.problem == null ? 0 : 1)
              .description("1 if the annotation that should hold for the model cannot be used")
              .tag("model", name)
              .register(meterRegistry);
      disagreeingGauge =
          Gauge.builder("pointsman.profile.disagreeing", this, its -> its.disagreeing)
              .description("Ready pods whose annotation differs from the one that holds")
              .tag("model", name)
              .register(meterRegistry);
    }

    void close() {
      meterRegistry.remove(invalidGauge);
      meterRegistry.remove(disagreeingGauge);
    }
  }

  private final MeterRegistry meterRegistry;
  private final PodEvents events;
  private final LongSupplier clock;
  private final Counter refusals;
  private final Map<String, Model> models = new HashMap<>();

  ProfileReport(PodEvents events, MeterRegistry meterRegistry) {
    this(events, meterRegistry, System::nanoTime);
  }

  /**
   * @param clock nanoseconds
   */
  ProfileReport(PodEvents events, MeterRegistry meterRegistry, LongSupplier clock) {
    this.meterRegistry = meterRegistry;
    this.clock = clock;
    this.events = events;
    refusals =
        Counter.builder("pointsman.discovery.refused")
            .description("Changes of the discovery source that were wrong and not taken over")
            .register(meterRegistry);
  }

  /** Takes note of what holds for a model. */
  void chosen(String name, Choice choice) {
    Model model = models.computeIfAbsent(name, Model::new);
    conflict(name, model, choice);
    problem(name, model, choice);
  }

  private void conflict(String name, Model model, Choice choice) {
    model.disagreeing = choice.disagreeing();
    PodRecord pod = choice.pod();
    if (choice.disagreeing() == 0) {
      if (model.toldConflict) {
        model.toldConflict = false;
        log.info("pods agree about config profiles: model={}", name);
      }
    } else if (pod != null && !model.toldConflict && model.budget.take()) {
      model.toldConflict = true;
      log.info(
          "pods disagree about config profiles: model={} disagreeing={} in_force_from={}",
          name,
          choice.disagreeing(),
          pod.fullName());
      events.warn(
          pod,
          "ConflictingConfigProfiles",
          "ready pods of model %s have different config profiles; those of this, the newest, hold"
              .formatted(name));
    }
  }

  private void problem(String name, Model model, Choice choice) {
    PodRecord pod = choice.pod();
    String problem = choice.problem();
    if (pod == null || problem == null) {
      model.problem = null;
      model.problemUid = null;
      model.toldProblem = null;
      return;
    }
    if (!problem.equals(model.problem) || !Objects.equals(model.problemUid, pod.uid())) {
      refusals.increment();
    }
    model.problem = problem;
    model.problemUid = pod.uid();
    String tell = pod.uid() + '\n' + problem;
    if (!tell.equals(model.toldProblem) && model.budget.take()) {
      model.toldProblem = tell;
      log.warn(
          "config profiles refused, the last good ones stay: model={} pod={} reason={}",
          name,
          pod.fullName(),
          problem);
      events.warn(pod, "InvalidConfigProfile", problem);
    }
  }

  /** Forgets all other models. */
  void retain(Set<String> names) {
    models
        .entrySet()
        .removeIf(
            entry -> {
              boolean gone = !names.contains(entry.getKey());
              if (gone) {
                entry.getValue().close();
              }
              return gone;
            });
  }

  @Override
  public void close() {
    retain(Set.of());
    meterRegistry.remove(refusals);
  }
}
