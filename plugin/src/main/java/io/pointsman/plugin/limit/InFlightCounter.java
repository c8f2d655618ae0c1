package io.pointsman.plugin.limit;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Counts requests in flight. The replica holds places, some of which are taken; those that stay
 * free are given back soon, and a replica that dies loses all of them by expiry.
 */
final class InFlightCounter extends Counter {
  private static final long RETURN_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long HEARTBEAT_NANOS = TimeUnit.MILLISECONDS.toNanos(1_000);
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long ASK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** A replica's part from which on it holds places in advance. */
  private static final long LARGE = 100;

  private static final long SPARE_PART = 50;

  /** Places held in advance are kept for so long after the last request. */
  private static final long SPARE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Lease places = new Lease(0, Long.MAX_VALUE, 0, 0, false);
  private volatile long validUntilNanos;
  private volatile long usedNanos;

  // Under the lock:
  private boolean told;
  private long toldNanos;
  private int replicas = 1;

  InFlightCounter(CounterKey key, long limit, Consumer<Counter> exchange) {
    super(key, limit, exchange);
  }

  @Override
  @Nullable Lease take(long amount, long nowNanos) {
    if (validUntilNanos - nowNanos <= 0 || !places.take(amount)) {
      return null;
    }
    usedNanos = nowNanos;
    if (places.isLow()) {
      enqueue();
    }
    return places;
  }

  @Override
  long available() {
    return Math.max(0, places.available());
  }

  @Override
  long resetMs(Contact contact, long nowNanos) {
    return 0;
  }

  @Override
  @Nullable Outcome withoutRedis(long amount, Contact contact, long nowNanos) {
    usedNanos = nowNanos;
    if (validUntilNanos - nowNanos > 0 && places.available() >= amount) {
      return Outcome.AGAIN;
    }
    if (!contact.isInFlightLost(nowNanos)) {
      return contact.isLost(nowNanos) ? unsure(contact) : null;
    }
    if (!contact.isOwn(contact.time().lowestMs(nowNanos))) {
      return unsure(contact);
    }
    // Nobody else can hold this replica's part by now.
    places.granted(contact.place().of(limit(), 0));
    places.lowAt(Long.MIN_VALUE);
    countsAlone();
    validUntilNanos = nowNanos + HEARTBEAT_NANOS;
    return places.available() >= amount ? Outcome.AGAIN : Outcome.REFUSED;
  }

  @Override
  Ask prepare(long waitingAmount, long leastAmount, Contact contact, long nowNanos) {
    replicas = contact.replicas();
    told = true;
    toldNanos = nowNanos;
    places.keepOnly(waitingAmount + spare(nowNanos));
    long available = places.available();
    return new Ask(
        limit(),
        0,
        0,
        places.hold(),
        Math.max(0, waitingAmount - available),
        Math.max(0, leastAmount - available),
        Math.max(0, spare(nowNanos) - Math.max(0, available - waitingAmount)),
        true);
  }

  private long spare(long nowNanos) {
    long share = limit() / replicas;
    boolean kept = isInUse() || nowNanos - usedNanos < SPARE_NANOS;
    return share >= LARGE && kept ? share / SPARE_PART : 0;
  }

  private boolean isInUse() {
    return places.hold() > places.available();
  }

  @Override
  boolean granted(Contact contact, long window, long hold, long nowNanos) {
    places.granted(hold);
    long spare = spare(nowNanos);
    places.lowAt(spare > 0 && remaining() > 0 ? spare / 2 : Long.MIN_VALUE);
    // Redis may have read the call as soon as it was sent.
    validUntilNanos =
        toldNanos + TimeUnit.MILLISECONDS.toNanos(LeaseScript.IN_FLIGHT_EXPIRY_MS - 1_000);
    return true;
  }

  @Override
  long askAgainAt(long nowNanos) {
    return nowNanos + ASK_AGAIN_NANOS;
  }

  @Override
  synchronized void look(Contact contact, long nowNanos) {
    if (!contact.shared()) {
      // Nobody is to be told. Places that are not used for long are given up all the same, so that
      // an idle counter is known by holding nothing.
      if (nowNanos - usedNanos > IDLE_NANOS) {
        places.keepOnly(0);
      }
      return;
    }
    long since = nowNanos - toldNanos;
    boolean tooMuch = places.available() > 2 * spare(nowNanos);
    // More may be in flight than places are held, if they outlast what this replica held before.
    boolean held = places.hold() > 0 || isInUse();
    if ((tooMuch && since >= RETURN_NANOS) || (held && (since >= HEARTBEAT_NANOS || !told))) {
      enqueue();
    }
  }

  @Override
  boolean isIdle(long nowNanos) {
    return places.hold() <= 0 && !isInUse() && nowNanos - usedNanos > IDLE_NANOS;
  }
}
