package io.pointsman.plugin.endpoint;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's config profiles: the content of the {@code model.aibrix.ai/config} annotation.
 *
 * @param lockedRoutingStrategy the strategy no client can change, or null
 * @param defaultProfile the profile used when a request names none, or an unknown one
 * @param profiles by name; empty where nothing is configured
 */
public record ModelConfig(
    @Nullable String lockedRoutingStrategy, String defaultProfile, Map<String, Profile> profiles) {

  /** No lock, no profiles. */
  public static final ModelConfig NONE = new ModelConfig(null, "default", Map.of());

  public ModelConfig {
    profiles = Map.copyOf(profiles);
  }

  /**
   * One named profile. The four hints steer {@code config-profile: auto}: lower bounds are
   * inclusive, upper bounds exclusive, null means the hint is not given.
   *
   * @param name the profile's key
   * @param routingStrategy the strategy requests under this profile use, or null for no opinion
   * @param promptTokensGte smallest prompt, in estimated tokens
   * @param promptTokensLt first prompt that is too long, in estimated tokens
   * @param maxTokensGte smallest token limit the request may carry
   * @param maxTokensLt first token limit that is too large
   */
  public record Profile(
      String name,
      @Nullable String routingStrategy,
      @Nullable Integer promptTokensGte,
      @Nullable Integer promptTokensLt,
      @Nullable Integer maxTokensGte,
      @Nullable Integer maxTokensLt) {}
}
