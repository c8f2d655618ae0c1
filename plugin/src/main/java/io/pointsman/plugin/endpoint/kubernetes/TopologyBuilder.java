package io.pointsman.plugin.endpoint.kubernetes;

import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.endpoint.kubernetes.ProfileChooser.Choice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Makes a topology of pods. Not thread-safe. */
final class TopologyBuilder {
  private static final String DEFAULT_ENGINE = "vllm";

  private static final Comparator<PodRecord> BY_NAME =
      Comparator.comparing(PodRecord::namespace).thenComparing(PodRecord::name);

  private final ProfileChooser profiles;
  private final ProfileReport report;

  /**
   * @param report told of each model's choice of profiles
   */
  TopologyBuilder(ProfileChooser profiles, ProfileReport report) {
    this.profiles = profiles;
    this.report = report;
  }

  /** All models of these pods, in the order of their names. */
  Topology build(List<PodRecord> pods) {
    Map<String, List<PodRecord>> byModel = new TreeMap<>();
    Set<String> texts = new HashSet<>();
    for (PodRecord pod : pods) {
      byModel.computeIfAbsent(pod.model(), model -> new ArrayList<>()).add(pod);
      if (pod.config() != null) {
        texts.add(pod.config());
      }
    }
    profiles.retain(byModel.keySet(), texts);
    report.retain(byModel.keySet());
    List<ModelSpec> models = new ArrayList<>(byModel.size());
    byModel.forEach((model, its) -> models.add(build(model, its)));
    return new Topology(models);
  }

  private ModelSpec build(String model, List<PodRecord> pods) {
    pods.sort(BY_NAME);
    Choice choice = profiles.choose(model, pods);
    report.chosen(model, choice);
    List<EndpointSpec> endpoints = new ArrayList<>(pods.size());
    Set<EndpointKey> known = new HashSet<>();
    for (PodRecord pod : pods) {
      Profile.Prefill own = profiles.prefill(pod);
      for (EndpointSpec endpoint : pod.endpoints()) {
        // A pod may be found by its label and by a pool.
        if (known.add(endpoint.key())) {
          endpoints.add(
              own.equals(Profile.Prefill.NONE)
                  ? endpoint
                  : endpoint.with(endpoint.disaggregation().with(own)));
        }
      }
    }
    return new ModelSpec(model, engine(pods), endpoints, choice.config());
  }

  /** That of the first ready pod that names one; else of any that does. */
  private static String engine(List<PodRecord> pods) {
    String any = DEFAULT_ENGINE;
    for (PodRecord pod : pods) {
      if (pod.engine() != null) {
        if (pod.ready()) {
          return pod.engine();
        }
        any = pod.engine();
      }
    }
    return any;
  }
}
