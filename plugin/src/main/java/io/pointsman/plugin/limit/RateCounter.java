package io.pointsman.plugin.limit;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Counts requests or tokens in fixed windows. The replica holds what it will spend in a short time
 * (the horizon), by what it spent lately, and gives back what is more; so little is left unspent
 * with it when the window ends, or when the others need it.
 */
final class RateCounter extends Counter {
  /** The horizon's part of a window. */
  private static final long HORIZONS = 20;

  private static final long LONGEST_HORIZON_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** A replica's budget from which on a small part is always held, so that few requests wait. */
  private static final long LARGE = 100;

  /** So many horizons at most are held ahead while much of the budget is left. */
  private static final int HORIZONS_AHEAD = 8;

  /** Each replica holds at most this part of its share of what is left. */
  private static final int AHEAD_PART = 4;

  private static final int IDLE_WINDOWS = 2;

  /** Redis' clock is not known well enough if it is not to this part of a window. */
  private static final int LOOSE_PART = 10;

  private final long windowMs;
  private final long horizonNanos;
  private volatile @Nullable Lease lease;

  // Under the lock:
  private double perNano;
  private long spentThen;
  private long measuredNanos;
  private int replicas = 1;

  /** What was used beyond charges and is in no lease yet. */
  private long owed;

  /** True if the lease is for a window by this replica's own clock. */
  private boolean loose;

  RateCounter(CounterKey key, long limit, Consumer<Counter> exchange) {
    super(key, limit, exchange);
    windowMs = key.limit().windowMs();
    horizonNanos =
        Math.min(TimeUnit.MILLISECONDS.toNanos(windowMs) / HORIZONS, LONGEST_HORIZON_NANOS);
  }

  @Override
  @Nullable Lease take(long amount, long nowNanos) {
    Lease present = lease;
    if (present == null || present.isOver(nowNanos) || !present.take(amount)) {
      return null;
    }
    if (present.isLow()) {
      enqueue();
    }
    return present;
  }

  @Override
  long available() {
    Lease present = lease;
    return present == null ? 0 : Math.max(0, present.available());
  }

  @Override
  long resetMs(Contact contact, long nowNanos) {
    long now = contact.time().lowestMs(nowNanos);
    return windowMs - Math.floorMod(now, windowMs);
  }

  @Override
  @Nullable Outcome withoutRedis(long amount, Contact contact, long nowNanos) {
    Lease present = lease;
    if (present != null && !present.isOver(nowNanos) && present.available() >= amount) {
      return Outcome.AGAIN;
    }
    if (!contact.isLost(nowNanos)) {
      return null;
    }
    long window = Math.floorDiv(contact.time().lowestMs(nowNanos), windowMs);
    boolean mine = window >= 0 && contact.isOwn(window * windowMs);
    if (!mine || (present != null && present.window() >= window)) {
      return unsure(contact);
    }
    replicas = contact.replicas();
    begin(contact, window, contact.place().of(limit(), window), true, nowNanos);
    enqueue();
    countsAlone();
    return Outcome.AGAIN;
  }

  private Lease begin(Contact contact, long window, long hold, boolean local, long nowNanos) {
    long end = (window + 1) * windowMs;
    long lowest = contact.time().lowestMs(nowNanos);
    long unsure = contact.time().highestMs(nowNanos) - lowest;
    loose = local && (!contact.shared() || unsure > windowMs / LOOSE_PART);
    long endNanos =
        loose
            ? nowNanos + TimeUnit.MILLISECONDS.toNanos(end - lowest)
            : contact.time().nanosBefore(end, nowNanos);
    var next = new Lease(window, end, endNanos, hold, local);
    lease = next;
    spentThen = 0;
    if (!next.isOver(nowNanos)) {
      next.owe(owed);
      owed = 0;
    }
    return next;
  }

  @Override
  Ask prepare(long waitingAmount, long leastAmount, Contact contact, long nowNanos) {
    measure(nowNanos);
    replicas = contact.replicas();
    Lease present = lease;
    long lowest = contact.time().lowestMs(nowNanos);
    if (present == null || lowest >= present.endMs()) {
      long window = Math.floorDiv(lowest, windowMs);
      long must = waitingAmount + owed;
      long least = owed > 0 ? 0 : leastAmount;
      return new Ask(limit(), windowMs, window, 0, must, least, target(), true);
    }
    if (present.isOver(nowNanos)) {
      // Near the border of two windows nothing is asked of either.
      return new Ask(limit(), windowMs, present.window(), present.hold(), 0, 0, 0, false);
    }
    if (!present.isLocal()) {
      // What this replica gave to itself it keeps until Redis has heard of it.
      present.keepOnly(waitingAmount + surplus());
    }
    long available = present.available();
    return new Ask(
        limit(),
        windowMs,
        present.window(),
        present.hold(),
        Math.max(0, waitingAmount - available),
        // Of what is owed each part is of use.
        available < 0 ? 0 : Math.max(0, leastAmount - available),
        Math.max(0, target() - Math.max(0, available - waitingAmount)),
        true);
  }

  @Override
  void owe(long amount, Contact contact, long nowNanos) {
    // Where this replica counts by itself its lease may have to begin.
    var unused = withoutRedis(0, contact, nowNanos);
    Lease present = lease;
    if (present != null && !present.isOver(nowNanos)) {
      present.owe(amount);
    } else {
      owed += amount;
    }
  }

  /**
   * What is spent in the horizon, or a hundredth of a large budget if it is used at all. While much
   * of the budget is left, what is spent in several horizons, so that Redis is seldom asked.
   */
  private long target() {
    long share = limit() / replicas;
    double soon = perNano * horizonNanos;
    if (share < LARGE) {
      return (long) soon;
    }
    long least = perNano > 0 ? share / LARGE : 0;
    double ahead = Math.min(HORIZONS_AHEAD * soon, (double) free() / AHEAD_PART / replicas);
    return Math.max((long) Math.max(soon, ahead), least);
  }

  /** More than this is given back. */
  private long surplus() {
    return 2 * target();
  }

  private void measure(long nowNanos) {
    Lease present = lease;
    long elapsed = nowNanos - measuredNanos;
    if (elapsed < horizonNanos / 4) {
      return;
    }
    long spent = present == null ? 0 : present.hold() - present.available();
    double now = (double) Math.max(0, spent - spentThen) / elapsed;
    double weight = Math.min(1, (double) elapsed / (2 * horizonNanos));
    perNano += (now - perNano) * weight;
    if (perNano * horizonNanos * HORIZONS * HORIZONS < 1) {
      perNano = 0;
    }
    spentThen = spent;
    measuredNanos = nowNanos;
  }

  @Override
  boolean granted(Contact contact, long window, long hold, long nowNanos) {
    Lease present = lease;
    if (present != null && present.isLocal() && present.window() > window) {
      // The answer was on its way for so long that this replica went on by itself.
      return false;
    }
    if (present != null && present.window() < window && reachesInto(present, nowNanos)) {
      present.keepOnly(0);
      Lease moved = begin(contact, window, present.hold(), true, nowNanos);
      moved.owe(present.hold() - present.available());
      enqueue();
      return false;
    }
    if (present != null && present.window() == window) {
      loose = false;
      present.endNanos(contact.time().nanosBefore(present.endMs(), nowNanos));
      present.granted(hold);
    } else {
      present = begin(contact, window, hold, false, nowNanos);
    }
    boolean more = contact.settled() && remaining() > 0 && target() > 0;
    present.lowAt(more ? target() / 2 : Long.MIN_VALUE);
    return !present.isOver(nowNanos);
  }

  /** True if what was spent of a lease of a window before may belong to that of now. */
  private boolean reachesInto(Lease before, long nowNanos) {
    return loose && nowNanos - before.endNanos() < TimeUnit.MILLISECONDS.toNanos(windowMs);
  }

  /** The window may have ended early, or go on for longer; what belongs to no near one is void. */
  @Override
  synchronized void clockWasSet(Contact contact, long nowNanos) {
    Lease present = lease;
    if (present == null) {
      return;
    }
    long window = Math.floorDiv(contact.time().lowestMs(nowNanos), windowMs);
    if (window > present.window() || window < present.window() - 1) {
      lease = null;
    } else {
      present.endNanos(contact.time().nanosBefore(present.endMs(), nowNanos));
    }
  }

  @Override
  long askAgainAt(long nowNanos) {
    Lease present = lease;
    long later = nowNanos + horizonNanos;
    return present == null || present.endNanos() - later > 0 ? later : present.endNanos();
  }

  @Override
  synchronized void look(Contact contact, long nowNanos) {
    if (nowNanos - measuredNanos < horizonNanos / 2) {
      return;
    }
    measure(nowNanos);
    Lease present = lease;
    if (contact.isLost(nowNanos)) {
      return;
    }
    boolean due;
    if (present == null || contact.time().lowestMs(nowNanos) >= present.endMs()) {
      due = target() > 0 || owed > 0;
    } else {
      boolean tooMuch = !present.isLocal() && present.available() > surplus();
      due = tooMuch || present.available() < 0;
    }
    if (due) {
      enqueue();
    }
  }

  @Override
  boolean isIdle(long nowNanos) {
    Lease present = lease;
    return perNano == 0
        && (present == null
            || nowNanos - present.endNanos()
                > IDLE_WINDOWS * TimeUnit.MILLISECONDS.toNanos(windowMs));
  }
}
