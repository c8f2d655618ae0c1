package io.pointsman.plugin.endpoint;

import java.time.Duration;

/**
 * When passive health sets an endpoint aside, for how long, and how it is let back in.
 *
 * @param enabled false counts failures and does nothing about them
 * @param consecutiveFailures failures in a row that set a ready endpoint aside, at least 1
 * @param baseTime how long the first time; doubled each time it happens again
 * @param maxTime the longest time, whatever the doubling says
 * @param jitter each time is shortened at random by up to this fraction, 0 to 0.5, so that replicas
 *     and endpoints do not move in step
 * @param maxSetAsideFraction largest part of the ready endpoints of a model that may be out of the
 *     candidates at once, 0 to 0.5
 * @param probationSuccesses answers in a row that end probation, at least 1
 * @param trialGap shortest time between the starts of two trial requests to one endpoint
 * @param forgetAfter an endpoint that was ready for this long starts again with {@code baseTime}
 */
public record HealthSettings(
    boolean enabled,
    int consecutiveFailures,
    Duration baseTime,
    Duration maxTime,
    double jitter,
    double maxSetAsideFraction,
    int probationSuccesses,
    Duration trialGap,
    Duration forgetAfter) {

  private static final Duration LONGEST = Duration.ofDays(1);

  /** What applies where nothing is set. */
  public static final HealthSettings DEFAULTS =
      new HealthSettings(
          true,
          3,
          Duration.ofSeconds(5),
          Duration.ofMinutes(5),
          0.2,
          0.5,
          2,
          Duration.ofSeconds(1),
          Duration.ofMinutes(10));

  /**
   * @throws IllegalArgumentException if a value is out of its range; the message names it
   */
  public HealthSettings {
    require(consecutiveFailures >= 1, "consecutiveFailures must be at least 1");
    require(probationSuccesses >= 1, "probationSuccesses must be at least 1");
    require(isBetween(baseTime, Duration.ofMillis(1)), "baseTime must be 1 ms to 1 day");
    require(isBetween(maxTime, baseTime), "maxTime must be baseTime to 1 day");
    require(isBetween(trialGap, Duration.ZERO), "trialGap must be 0 to 1 day");
    require(isBetween(forgetAfter, Duration.ZERO), "forgetAfter must be 0 to 1 day");
    require(jitter >= 0 && jitter <= 0.5, "jitter must be 0 to 0.5");
    require(
        maxSetAsideFraction >= 0 && maxSetAsideFraction <= 0.5,
        "maxSetAsideFraction must be 0 to 0.5");
  }

  private static boolean isBetween(Duration value, Duration least) {
    return value.compareTo(least) >= 0 && value.compareTo(LONGEST) <= 0;
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
