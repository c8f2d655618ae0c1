package io.pointsman.plugin.endpoint;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's config profiles: the content of the {@code model.aibrix.ai/config} annotation.
 *
 * @param lockedRoutingStrategy the strategy no client can change, or null
 * @param lockedProfile the profile no client can change, nor the strategy that it names; or null
 * @param defaultProfile the profile used when a request names none, or an unknown one
 * @param profiles by name; empty where nothing is configured
 */
public record ModelConfig(
    @Nullable String lockedRoutingStrategy,
    @Nullable String lockedProfile,
    String defaultProfile,
    Map<String, Profile> profiles) {

  /** No lock, no profiles. */
  public static final ModelConfig NONE = new ModelConfig(null, "default", Map.of());

  public ModelConfig {
    profiles = Map.copyOf(profiles);
  }

  /** Without a locked profile. */
  public ModelConfig(
      @Nullable String lockedRoutingStrategy,
      String defaultProfile,
      Map<String, Profile> profiles) {
    this(lockedRoutingStrategy, null, defaultProfile, profiles);
  }
}
