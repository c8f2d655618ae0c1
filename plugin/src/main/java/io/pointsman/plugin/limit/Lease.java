package io.pointsman.plugin.limit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What a replica may spend of one counter in one window. Taking and giving back are lock-free and
 * may come from any thread; all else happens under the counter's lock.
 */
final class Lease {
  private final long window;
  private final long endMs;
  private volatile long endNanos;
  private final AtomicLong available;

  /** What was given in all. */
  private long hold;

  private boolean local;
  private volatile long low;

  /**
   * @param window number of the window
   * @param endMs when it ends by Redis' clock
   * @param endNanos until when it certainly has not ended, by the monotonic clock
   * @param hold how much may be spent
   * @param local true if this replica gave it to itself
   */
  Lease(long window, long endMs, long endNanos, long hold, boolean local) {
    this.window = window;
    this.endMs = endMs;
    this.endNanos = endNanos;
    this.hold = hold;
    this.local = local;
    available = new AtomicLong(hold);
    low = Long.MIN_VALUE;
  }

  long window() {
    return window;
  }

  long endMs() {
    return endMs;
  }

  long endNanos() {
    return endNanos;
  }

  /** Redis' clock is known better, or was set. */
  void endNanos(long nanos) {
    endNanos = nanos;
  }

  boolean isOver(long nowNanos) {
    return nowNanos - endNanos >= 0;
  }

  boolean isLocal() {
    return local;
  }

  /** Takes an amount if so much is there. */
  boolean take(long amount) {
    long seen = available.get();
    while (seen >= amount) {
      if (available.compareAndSet(seen, seen - amount)) {
        return true;
      }
      seen = available.get();
    }
    return false;
  }

  void giveBack(long amount) {
    available.getAndAdd(amount);
  }

  /** Takes what was spent already, whether it is there or not. */
  void owe(long amount) {
    available.getAndAdd(-amount);
  }

  long available() {
    return available.get();
  }

  long hold() {
    return hold;
  }

  /** True if it is time to ask for more. */
  boolean isLow() {
    return available.get() <= low;
  }

  void lowAt(long amount) {
    low = amount;
  }

  /** Gives up what is available beyond an amount. */
  void keepOnly(long most) {
    long seen = available.get();
    while (seen > most) {
      if (available.compareAndSet(seen, most)) {
        hold -= seen - most;
        return;
      }
      seen = available.get();
    }
  }

  /** Takes over what Redis says it holds now, which is no less than it held. */
  void granted(long newHold) {
    local = false;
    available.getAndAdd(newHold - hold);
    hold = newHold;
  }
}
