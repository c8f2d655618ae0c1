package io.pointsman.plugin.limit;

import java.util.concurrent.TimeUnit;

/**
 * How this replica stands with Redis, and so with the other replicas. Immutable.
 *
 * @param time what is known of Redis' clock
 * @param shared false where no Redis is set
 * @param heardNanos when Redis answered last, by the monotonic clock
 * @param replicas how many replicas share the budgets, as last heard
 * @param created which list of replicas Redis answered from last; 0 if it never did
 * @param localFromMs windows that begin at this time by Redis' clock or later are this replica's to
 *     divide, as long as Redis is not heard; {@link Long#MAX_VALUE} for never
 * @param settled false while Redis gathers what replicas hold and gives nothing
 * @param place this replica's place among those that share
 */
record Contact(
    RedisTime time,
    boolean shared,
    long heardNanos,
    int replicas,
    long created,
    long localFromMs,
    boolean settled,
    Place place) {
  /** Before Redis can have noticed. */
  private static final long LOST_NANOS = TimeUnit.MILLISECONDS.toNanos(LeaseScript.SILENT_MS - 100);

  /** Requests in flight are taken from a replica that Redis has not heard for longer. */
  private static final long IN_FLIGHT_NANOS =
      TimeUnit.MILLISECONDS.toNanos(LeaseScript.IN_FLIGHT_EXPIRY_MS - 1_000);

  /** A clock a bit behind must not tell too early that Redis has noticed. */
  private static final long MARGIN_MS = 10;

  static Contact alone(RedisTime time, long nowNanos, int replicas) {
    return new Contact(
        time, false, nowNanos, replicas, 0, Long.MIN_VALUE, true, Place.unknown(replicas));
  }

  /** The same later where no Redis is set: windows are by this process' own clock, exactly. */
  Contact asOf(long nowNanos) {
    return new Contact(
        time.asOf(nowNanos), shared, heardNanos, replicas, created, localFromMs, settled, place);
  }

  /** Before the first answer. For a while Redis is waited for as if it had just gone. */
  static Contact none(RedisTime time, long nowNanos, LimitSettings settings) {
    long from = settings.open() ? time.highestMs(nowNanos) + LeaseScript.SETTLE_MS : Long.MAX_VALUE;
    int replicas = settings.replicas();
    return new Contact(time, true, nowNanos, replicas, 0, from, false, Place.unknown(replicas));
  }

  /**
   * The same while a sign of life is on its way: once no more are sent, Redis marks this replica as
   * silent, but not before {@link #localFromMs}.
   */
  Contact telling(boolean open, long nowNanos) {
    long from = open ? signUntilMs(nowNanos) + LeaseScript.SILENT_MS + MARGIN_MS : Long.MAX_VALUE;
    return new Contact(time, shared, heardNanos, replicas, created, from, settled, place);
  }

  /** True if this replica may divide a window that begins then by itself, without Redis. */
  boolean isOwn(long beginMs) {
    return beginMs >= localFromMs && beginMs >= place.apartUntilMs();
  }

  /** Until when by Redis' clock a sign of life that is sent now counts. */
  long signUntilMs(long nowNanos) {
    return time.highestMs(nowNanos) + LeaseScript.CALL_LIFE_MS;
  }

  /** The same after an answer. */
  Contact heard(long askedNanos, long answeredNanos, LeaseReply reply) {
    RedisTime now =
        created == 0
            ? RedisTime.of(askedNanos, answeredNanos, reply.micros())
            : time.after(askedNanos, answeredNanos, reply.micros());
    return new Contact(
        now,
        true,
        answeredNanos,
        reply.replicas(),
        reply.created(),
        localFromMs,
        reply.settled(),
        place.heard(reply));
  }

  /** True if it is no use to wait for Redis. */
  boolean isLost(long nowNanos) {
    return !shared || nowNanos - heardNanos > LOST_NANOS;
  }

  /** True if the others may have taken over this replica's requests in flight. */
  boolean isInFlightLost(long nowNanos) {
    return !shared || nowNanos - heardNanos > IN_FLIGHT_NANOS;
  }
}
