package io.pointsman.plugin.routing;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;

/**
 * How many tokens each user was served lately: a sum in which tokens count the less the longer ago
 * they were. A table of fixed size; where too many users meet in a part of it, the one with the
 * fewest tokens is forgotten. Thread-safe, lock-free and allocation-free.
 */
final class UserTokens {
  private static final int SIZE = 1 << 14;
  private static final int PROBES = 8;

  /** A tick is 2^20 ns: unlike with milliseconds, ticks go on evenly where nanoseconds wrap. */
  private static final int TICK_SHIFT = 20;

  /** Time in which tokens lose all but 1/e of their weight. */
  private static final double WINDOW_TICKS = TimeUnit.MINUTES.toNanos(5) >> TICK_SHIFT;

  private static final long SCAN_AGE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final LongSupplier clock;

  /** Hashes of users, 0 where the place is free. */
  private final AtomicLongArray users = new AtomicLongArray(SIZE);

  /** Upper half: tokens as a float's bits; lower half: when that was right, in ticks. */
  private final AtomicLongArray sums = new AtomicLongArray(SIZE);

  private final AtomicLong scannedNanos;
  private volatile double most;
  private volatile double fewest = Double.MAX_VALUE;

  /**
   * @param clock nanoseconds
   */
  UserTokens(LongSupplier clock) {
    this.clock = clock;
    scannedNanos = new AtomicLong(clock.getAsLong());
  }

  /** Tokens of a user. */
  double of(String user) {
    long hash = hash(user);
    int place = find(hash);
    return place < 0 ? 0 : decayed(sums.get(place), ticks());
  }

  /** The most tokens that any user has, as of the last second. */
  double most() {
    scanIfDue();
    return most;
  }

  /** The fewest tokens that any user has, as of the last second; not more than the most. */
  double fewest() {
    return Math.min(fewest, most);
  }

  private void scanIfDue() {
    long nanos = clock.getAsLong();
    long scanned = scannedNanos.get();
    if (nanos - scanned <= SCAN_AGE_NANOS || !scannedNanos.compareAndSet(scanned, nanos)) {
      return;
    }
    double newMost = 0;
    double newFewest = Double.MAX_VALUE;
    int now = ticks();
    for (int i = 0; i < SIZE; i++) {
      if (users.get(i) != 0) {
        double tokens = decayed(sums.get(i), now);
        newMost = Math.max(newMost, tokens);
        newFewest = Math.min(newFewest, tokens);
      }
    }
    most = newMost;
    fewest = newFewest;
  }

  /** A user was served so many more. */
  void add(String user, double tokens) {
    long hash = hash(user);
    int place = find(hash);
    if (place < 0) {
      place = claim(hash);
    }
    int now = ticks();
    long before;
    double sum;
    do {
      before = sums.get(place);
      sum = decayed(before, now) + tokens;
    } while (!sums.compareAndSet(place, before, pack(sum, now)));
    most = Math.max(most, sum);
    fewest = Math.min(fewest, sum);
  }

  private int find(long hash) {
    for (int probe = 0; probe < PROBES; probe++) {
      int place = place(hash, probe);
      if (users.get(place) == hash) {
        return place;
      }
    }
    return -1;
  }

  /** A place for a new user: a free one, or that of the user with the fewest tokens. */
  private int claim(long hash) {
    int now = ticks();
    int poorest = place(hash, 0);
    double fewest = Double.MAX_VALUE;
    for (int probe = 0; probe < PROBES; probe++) {
      int place = place(hash, probe);
      if (users.get(place) == 0 && users.compareAndSet(place, 0, hash)) {
        return place;
      }
      double tokens = decayed(sums.get(place), now);
      if (tokens < fewest) {
        fewest = tokens;
        poorest = place;
      }
    }
    users.set(poorest, hash);
    sums.set(poorest, 0);
    return poorest;
  }

  private static int place(long hash, int probe) {
    return (int) ((hash >>> 32) + probe) & (SIZE - 1);
  }

  private int ticks() {
    return (int) (clock.getAsLong() >> TICK_SHIFT);
  }

  private static long pack(double tokens, int now) {
    return ((long) Float.floatToRawIntBits((float) tokens) << 32) | (now & 0xFFFFFFFFL);
  }

  private static double decayed(long sum, int now) {
    double tokens = Float.intBitsToFloat((int) (sum >>> 32));
    int age = now - (int) sum;
    return age <= 0 ? tokens : tokens * Math.exp(-age / WINDOW_TICKS);
  }

  private static long hash(String user) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < user.length(); i++) {
      hash = (hash ^ user.charAt(i)) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash ^= hash >>> 33;
    return hash == 0 ? 1 : hash;
  }
}
