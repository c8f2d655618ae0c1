package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Profile;
import java.time.Duration;

/**
 * How {@code prefix-cache} weighs load against what is cached. An endpoint is too busy if it has
 * more in flight than the mean and some standard deviations, or than the least loaded one and a
 * spread; but never with {@code freeInFlight} requests or fewer.
 *
 * @param spread in-flight requests above the least loaded endpoint
 * @param deviations sample standard deviations above the mean
 * @param freeInFlight load at which no endpoint is too busy: with next to no load, one request more
 *     than the others is no reason to compute a prompt again
 * @param minMatchBlocks shortest match that counts
 * @param ramp an endpoint new to its pool gets its full share of unmatched requests after this long
 */
public record PrefixCacheRules(
    int spread, double deviations, int freeInFlight, int minMatchBlocks, Duration ramp) {

  /** These rules with what a config profile changes. */
  PrefixCacheRules with(Profile.PrefixCache changes) {
    if (changes.equals(Profile.PrefixCache.NONE)) {
      return this;
    }
    Integer newSpread = changes.gateSpread();
    Double newDeviations = changes.gateDeviations();
    Integer newFree = changes.gateFree();
    Integer newMinMatch = changes.minMatchBlocks();
    Integer newRamp = changes.rampSeconds();
    return new PrefixCacheRules(
        newSpread == null ? spread : newSpread,
        newDeviations == null ? deviations : newDeviations,
        newFree == null ? freeInFlight : newFree,
        newMinMatch == null ? minMatchBlocks : newMinMatch,
        newRamp == null ? ramp : Duration.ofSeconds(newRamp));
  }

  /** Spread and deviations are those of the reference deployment. */
  public static final PrefixCacheRules DEFAULTS =
      new PrefixCacheRules(16, 2, 4, 1, Duration.ofSeconds(30));
}
