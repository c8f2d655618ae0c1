package io.pointsman.plugin.limit;

/**
 * What is known of Redis' clock, by the monotonic clock of this process: Redis' time lies between
 * two bounds. The bounds come from exchanges (Redis read its clock after the question left and
 * before the answer came), and drift apart as the exchange ages. Wall clocks of replicas play no
 * part. Immutable.
 *
 * @param sampledNanos monotonic time of the last exchange
 * @param lowestMicros earliest time that Redis' clock can have shown at monotonic time 0
 * @param highestMicros latest time that it can have shown then
 */
record RedisTime(long sampledNanos, long lowestMicros, long highestMicros) {
  /** Two clocks drift apart by less than one part in so many. */
  private static final long DRIFT = 2_000;

  private static final long NANOS_PER_MICRO = 1_000;
  private static final long MICROS_PER_MS = 1_000;

  /** A clock that is known exactly. */
  static RedisTime exact(long nowNanos, long micros) {
    long offset = micros - nowNanos / NANOS_PER_MICRO;
    return new RedisTime(nowNanos, offset, offset);
  }

  /** The same clock as if it had not drifted up to now. */
  RedisTime asOf(long nowNanos) {
    return new RedisTime(nowNanos, lowestMicros, highestMicros);
  }

  /** What one exchange tells; see {@link #after}. */
  static RedisTime of(long askedNanos, long answeredNanos, long micros) {
    return new RedisTime(
        answeredNanos,
        micros - answeredNanos / NANOS_PER_MICRO - 1,
        micros - askedNanos / NANOS_PER_MICRO + 1);
  }

  /**
   * What is known after one more exchange.
   *
   * @param askedNanos when the question left
   * @param answeredNanos when the answer came
   * @param micros what Redis' clock showed in between
   */
  RedisTime after(long askedNanos, long answeredNanos, long micros) {
    RedisTime now = of(askedNanos, answeredNanos, micros);
    long drift = drift(answeredNanos);
    if (!fits(askedNanos, answeredNanos, micros)) {
      // Redis' clock was set, or it is another Redis.
      return now;
    }
    return new RedisTime(
        answeredNanos,
        Math.max(now.lowestMicros, lowestMicros - drift),
        Math.min(now.highestMicros, highestMicros + drift));
  }

  /** True if an exchange fits to what was known. */
  boolean fits(long askedNanos, long answeredNanos, long micros) {
    RedisTime now = of(askedNanos, answeredNanos, micros);
    long drift = drift(answeredNanos);
    return now.lowestMicros <= highestMicros + drift && lowestMicros - drift <= now.highestMicros;
  }

  private long drift(long nowNanos) {
    return Math.max(0, nowNanos - sampledNanos) / NANOS_PER_MICRO / DRIFT + 1;
  }

  /** Redis' clock shows at least this now, in milliseconds. */
  long lowestMs(long nowNanos) {
    return Math.floorDiv(
        lowestMicros - drift(nowNanos) + nowNanos / NANOS_PER_MICRO, MICROS_PER_MS);
  }

  /** Redis' clock shows at most this now, in milliseconds. */
  long highestMs(long nowNanos) {
    return Math.floorDiv(
        highestMicros + drift(nowNanos) + nowNanos / NANOS_PER_MICRO, MICROS_PER_MS);
  }

  /** Monotonic time before which Redis' clock has certainly not reached {@code ms}. */
  long nanosBefore(long ms, long nowNanos) {
    long ahead = ms * MICROS_PER_MS - highestMicros - nowNanos / NANOS_PER_MICRO;
    long margin = drift(nowNanos) + Math.max(0, ahead) / DRIFT + 1;
    return nowNanos + (ahead - margin) * NANOS_PER_MICRO;
  }
}
