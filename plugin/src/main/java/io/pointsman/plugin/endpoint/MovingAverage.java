package io.pointsman.plugin.endpoint;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;

/**
 * An exponentially weighted average over time: a value counts the less the more time has passed
 * since, and the less the more values came after it. Thread-safe, lock-free and allocation-free:
 * average and time of the last value share one word.
 */
final class MovingAverage {
  private static final VarHandle STATE;

  /** A tick is 2^20 ns: unlike with milliseconds, ticks go on evenly where nanoseconds wrap. */
  private static final int TICK_SHIFT = 20;

  /** Time in which a value loses all but 1/e of its weight. */
  private static final double TIME_CONSTANT = TimeUnit.SECONDS.toNanos(10) >> TICK_SHIFT;

  /** A value's least weight, so that of many values within a moment the last twenty count. */
  private static final double LEAST_WEIGHT = 0.05;

  /** After this long without a value nothing is known any more. */
  private static final int FORGET_TICKS = (int) (TimeUnit.SECONDS.toNanos(30) >> TICK_SHIFT);

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(MovingAverage.class, "state", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Upper half: the average as a float's bits; lower half: ticks. 0: no value yet. */
  @SuppressWarnings("UnusedVariable") // read and written through STATE
  private volatile long state;

  /**
   * Takes a value in.
   *
   * @param value above 0
   * @param now nanoseconds
   */
  void add(double value, long now) {
    int nowTicks = ticks(now);
    while (true) {
      long before = (long) STATE.getOpaque(this);
      double average = value;
      if (isKnown(before, nowTicks)) {
        double weight = 1 - Math.exp(-Math.max(0, nowTicks - time(before)) / TIME_CONSTANT);
        average = average(before);
        average += (value - average) * Math.max(LEAST_WEIGHT, weight);
      }
      // The smallest float keeps 0 apart from "no value".
      int bits = Float.floatToRawIntBits(Math.max(Float.MIN_NORMAL, (float) average));
      if (STATE.compareAndSet(this, before, ((long) bits << 32) | (nowTicks & 0xFFFFFFFFL))) {
        return;
      }
    }
  }

  /** The average, or NaN if no value came lately. */
  double value(long now) {
    long known = (long) STATE.getOpaque(this);
    return isKnown(known, ticks(now)) ? average(known) : Double.NaN;
  }

  private static boolean isKnown(long state, int nowTicks) {
    return state != 0 && nowTicks - time(state) <= FORGET_TICKS;
  }

  private static int ticks(long nanos) {
    return (int) (nanos >> TICK_SHIFT);
  }

  private static int time(long state) {
    return (int) state;
  }

  private static double average(long state) {
    return Float.intBitsToFloat((int) (state >>> 32));
  }
}
