package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelConfig.Profile;
import io.pointsman.plugin.prompt.ParsedRequest;
import org.jspecify.annotations.Nullable;

/**
 * Finds the config profile and the strategy name that apply to a request. The rules are those of
 * the {@code model.aibrix.ai/config} annotation and the {@code config-profile} and {@code
 * routing-strategy} headers. Immutable.
 */
final class ProfileResolver {
  private static final String AUTO = "auto";

  private final @Nullable String fallbackStrategy;

  /**
   * @param fallbackStrategy the operator's default ({@code ROUTING_ALGORITHM}); empty counts as not
   *     set
   */
  ProfileResolver(String fallbackStrategy) {
    this.fallbackStrategy = given(fallbackStrategy);
  }

  /** True if the profile cannot be chosen without the body. */
  boolean needsBody(ModelConfig config, @Nullable String profileHeader) {
    if (!isAuto(given(profileHeader))) {
      return false;
    }
    for (Profile profile : config.profiles().values()) {
      if (hints(profile) > 0) {
        return true;
      }
    }
    return false;
  }

  /**
   * The profile that applies: the one the header names, else the default one, else none.
   *
   * @param body may be null unless {@link #needsBody}
   */
  @Nullable Profile profile(
      ModelConfig config, @Nullable String profileHeader, @Nullable ParsedRequest body) {
    String asked = given(profileHeader);
    Profile chosen = null;
    if (isAuto(asked)) {
      chosen = body == null ? null : bestMatch(config, body);
    } else if (asked != null) {
      chosen = config.profiles().get(asked);
    }
    return chosen != null ? chosen : config.profiles().get(config.defaultProfile());
  }

  /**
   * The strategy's name: lock, then header, then profile, then the operator's, then the default.
   */
  String strategy(ModelConfig config, @Nullable String strategyHeader, @Nullable Profile profile) {
    String locked = config.lockedRoutingStrategy();
    if (locked != null) {
      return locked;
    }
    String asked = given(strategyHeader);
    if (asked != null) {
      return asked;
    }
    String ofProfile = profile == null ? null : profile.routingStrategy();
    if (ofProfile != null) {
      return ofProfile;
    }
    return fallbackStrategy != null ? fallbackStrategy : StrategyCatalog.DEFAULT;
  }

  /** The value without spaces around it; null if nothing is left. */
  private static @Nullable String given(@Nullable String value) {
    if (value == null) {
      return null;
    }
    String trimmed = value.strip();
    return trimmed.isEmpty() ? null : trimmed;
  }

  private static boolean isAuto(@Nullable String asked) {
    return AUTO.equalsIgnoreCase(asked);
  }

  private static @Nullable Profile bestMatch(ModelConfig config, ParsedRequest body) {
    long promptTokens = (body.prompt().totalBytes() + 3L) / 4;
    Profile best = null;
    for (Profile profile : config.profiles().values()) {
      if (hints(profile) > 0
          && matches(profile, promptTokens, body.maxTokens())
          && (best == null || isMoreSpecific(profile, best))) {
        best = profile;
      }
    }
    return best;
  }

  private static int hints(Profile profile) {
    return (profile.promptTokensGte() == null ? 0 : 1)
        + (profile.promptTokensLt() == null ? 0 : 1)
        + (profile.maxTokensGte() == null ? 0 : 1)
        + (profile.maxTokensLt() == null ? 0 : 1);
  }

  private static boolean matches(Profile profile, long promptTokens, int maxTokens) {
    boolean hintsAtMaxTokens = profile.maxTokensGte() != null || profile.maxTokensLt() != null;
    if (hintsAtMaxTokens && maxTokens < 0) {
      return false;
    }
    return promptTokens >= lower(profile.promptTokensGte())
        && promptTokens < upper(profile.promptTokensLt())
        && maxTokens >= lower(profile.maxTokensGte())
        && maxTokens < upper(profile.maxTokensLt());
  }

  private static boolean isMoreSpecific(Profile a, Profile b) {
    int order = Integer.compare(hints(a), hints(b));
    if (order == 0) {
      order = Long.compare(lower(a.promptTokensGte()), lower(b.promptTokensGte()));
    }
    if (order == 0) {
      order = Long.compare(upper(b.promptTokensLt()), upper(a.promptTokensLt()));
    }
    if (order == 0) {
      order = Long.compare(lower(a.maxTokensGte()), lower(b.maxTokensGte()));
    }
    if (order == 0) {
      order = Long.compare(upper(b.maxTokensLt()), upper(a.maxTokensLt()));
    }
    return order == 0 ? a.name().compareTo(b.name()) < 0 : order > 0;
  }

  /** No bound is below every bound; a request without a token limit counts as -1. */
  private static long lower(@Nullable Integer bound) {
    return bound == null ? -1 : bound;
  }

  private static long upper(@Nullable Integer bound) {
    return bound == null ? Long.MAX_VALUE : bound;
  }
}
