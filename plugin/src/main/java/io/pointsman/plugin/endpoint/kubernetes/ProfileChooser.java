package io.pointsman.plugin.endpoint.kubernetes;

import io.pointsman.common.ConfigException;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelConfigReader;
import io.pointsman.plugin.endpoint.Profile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides which pod's config annotation holds for a model: that of the newest ready pod that has
 * one, by creation time and then UID, so that all replicas choose alike. If it cannot be used, the
 * one that was in force last stays; if there is none, the next newest that can be used holds.
 *
 * <p>Each text is parsed once, as long as some pod carries it. Not thread-safe.
 */
final class ProfileChooser {
  private static final Comparator<PodRecord> NEWEST_FIRST =
      Comparator.comparing(PodRecord::created).thenComparing(PodRecord::uid).reversed();

  /**
   * What holds for a model.
   *
   * @param config in force
   * @param pod whose annotation was to be used; null if no ready pod has one
   * @param problem why it cannot be used; null if it is in force
   * @param disagreeing ready pods whose annotation is another one
   */
  record Choice(
      ModelConfig config, @Nullable PodRecord pod, @Nullable String problem, int disagreeing) {
    private static final Choice NOTHING = new Choice(ModelConfig.NONE, null, null, 0);
  }

  private record Parsed(@Nullable ModelConfig config, @Nullable String problem) {}

  private final ModelConfigReader reader;
  private final String annotation;
  private final Map<String, Parsed> parsed = new HashMap<>();
  private final Map<String, ModelConfig> inForce = new HashMap<>();

  /**
   * @param annotation its name, for messages
   */
  ProfileChooser(ModelConfigReader reader, String annotation) {
    this.reader = reader;
    this.annotation = annotation;
  }

  /** Chooses for one model. */
  Choice choose(String model, List<PodRecord> pods) {
    List<PodRecord> ready = new ArrayList<>();
    boolean anyReady = false;
    for (PodRecord pod : pods) {
      anyReady |= pod.ready();
      if (pod.ready() && pod.config() != null) {
        ready.add(pod);
      }
    }
    if (!anyReady) {
      return new Choice(inForce.getOrDefault(model, ModelConfig.NONE), null, null, 0);
    }
    if (ready.isEmpty()) {
      inForce.remove(model);
      return Choice.NOTHING;
    }
    ready.sort(NEWEST_FIRST);
    PodRecord newest = ready.get(0);
    Parsed wanted = parse(newest);
    ModelConfig config = wanted.config();
    if (config == null) {
      config = inForce.get(model);
    }
    if (config == null) {
      config = newestUsable(ready);
    }
    if (config != null) {
      inForce.put(model, config);
    }
    return new Choice(
        config == null ? ModelConfig.NONE : config,
        newest,
        wanted.problem(),
        disagreeing(ready, newest));
  }

  /**
   * What a pod's own annotation says for prefill-decode routing, by its default profile: unlike all
   * else it holds for this pod alone, so that rolesets can be for prompts of different lengths.
   */
  Profile.Prefill prefill(PodRecord pod) {
    ModelConfig config = pod.config() == null ? null : parse(pod).config();
    Profile profile = config == null ? null : config.profiles().get(config.defaultProfile());
    return profile == null ? Profile.Prefill.NONE : profile.prefill();
  }

  private @Nullable ModelConfig newestUsable(List<PodRecord> ready) {
    for (PodRecord pod : ready) {
      ModelConfig config = parse(pod).config();
      if (config != null) {
        return config;
      }
    }
    return null;
  }

  private static int disagreeing(List<PodRecord> ready, PodRecord newest) {
    int count = 0;
    for (PodRecord pod : ready) {
      if (!Objects.equals(pod.config(), newest.config())) {
        count++;
      }
    }
    return count;
  }

  private Parsed parse(PodRecord pod) {
    String text = Objects.requireNonNull(pod.config());
    return parsed.computeIfAbsent(text, this::parse);
  }

  private Parsed parse(String text) {
    try {
      return new Parsed(reader.readJson(annotation, 1, text), null);
    } catch (ConfigException e) {
      return new Parsed(null, e.getMessage());
    }
  }

  /** Forgets all that belongs to other models or other texts. */
  void retain(Set<String> models, Set<String> texts) {
    inForce.keySet().retainAll(models);
    parsed.keySet().retainAll(texts);
  }
}
