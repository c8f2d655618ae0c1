package io.pointsman.plugin.endpoint.kubernetes;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Bounds how often something is told: ten times at once, and from then on once in a minute. So a
 * pod that is ready now and then does not fill the log and the API server. Not thread-safe.
 */
final class ReportBudget {
  private static final int MOST = 10;
  private static final long REFILL_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final LongSupplier clock;
  private int left = MOST;
  private long refilledNanos;

  /**
   * @param clock nanoseconds
   */
  ReportBudget(LongSupplier clock) {
    this.clock = clock;
    refilledNanos = clock.getAsLong();
  }

  /** True if it may be told once more, which is taken as told. */
  boolean take() {
    long now = clock.getAsLong();
    long minutes = (now - refilledNanos) / REFILL_NANOS;
    refilledNanos += minutes * REFILL_NANOS;
    left = (int) Math.min(MOST, left + minutes);
    if (left == 0) {
      return false;
    }
    left--;
    return true;
  }
}
