package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Profile.Hints;
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
    if (config.lockedProfile() != null || !isAuto(given(profileHeader))) {
      return false;
    }
    for (Profile profile : config.profiles().values()) {
      if (count(profile.hints()) > 0) {
        return true;
      }
    }
    return false;
  }

  /**
   * The profile that applies: the locked one, else the one the header names, else the default one,
   * else none.
   *
   * @param body may be null unless {@link #needsBody}
   */
  @Nullable Profile profile(
      ModelConfig config, @Nullable String profileHeader, @Nullable ParsedRequest body) {
    String locked = config.lockedProfile();
    if (locked != null) {
      return config.profiles().get(locked);
    }
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
   * The strategy's name: lock, then header, then profile, then the operator's, then the default. A
   * locked profile locks the strategy that it names.
   */
  String strategy(ModelConfig config, @Nullable String strategyHeader, @Nullable Profile profile) {
    String locked = config.lockedRoutingStrategy();
    if (locked != null) {
      return locked;
    }
    String ofProfile = profile == null ? null : profile.routingStrategy();
    String asked = given(strategyHeader);
    boolean isLocked = config.lockedProfile() != null && ofProfile != null;
    if (asked != null && !isLocked) {
      return asked;
    }
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
      if (count(profile.hints()) > 0
          && matches(profile.hints(), promptTokens, body.maxTokens())
          && (best == null || isMoreSpecific(profile, best))) {
        best = profile;
      }
    }
    return best;
  }

  private static int count(Hints hints) {
    return (hints.promptTokensGte() == null ? 0 : 1)
        + (hints.promptTokensLt() == null ? 0 : 1)
        + (hints.maxTokensGte() == null ? 0 : 1)
        + (hints.maxTokensLt() == null ? 0 : 1);
  }

  private static boolean matches(Hints hints, long promptTokens, int maxTokens) {
    boolean hintsAtMaxTokens = hints.maxTokensGte() != null || hints.maxTokensLt() != null;
    if (hintsAtMaxTokens && maxTokens < 0) {
      return false;
    }
    return promptTokens >= lower(hints.promptTokensGte())
        && promptTokens < upper(hints.promptTokensLt())
        && maxTokens >= lower(hints.maxTokensGte())
        && maxTokens < upper(hints.maxTokensLt());
  }

  private static boolean isMoreSpecific(Profile one, Profile other) {
    Hints a = one.hints();
    Hints b = other.hints();
    int order = Integer.compare(count(a), count(b));
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
    return order == 0 ? one.name().compareTo(other.name()) < 0 : order > 0;
  }

  /** No bound is below every bound; a request without a token limit counts as -1. */
  private static long lower(@Nullable Integer bound) {
    return bound == null ? -1 : bound;
  }

  private static long upper(@Nullable Integer bound) {
    return bound == null ? Long.MAX_VALUE : bound;
  }
}
