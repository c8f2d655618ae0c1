package io.pointsman.plugin.endpoint;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What passive health knows of one endpoint. Event loops write the counters and take trial permits;
 * only the registry's thread changes the phase.
 *
 * <p>The trial permit is one number. Positive: held, and the number is the holder's ticket.
 * Negative: free, and its absolute value is the last ticket. As each taking makes a new ticket, a
 * holder that comes late cannot give back a permit that meanwhile belongs to someone else.
 */
final class EndpointHealth {
  /** Where an endpoint stands. */
  enum Phase {
    READY,
    SET_ASIDE,
    PROBATION
  }

  private static final VarHandle FAILURES;
  private static final VarHandle SUCCESSES;
  private static final VarHandle SIGNALLED;
  private static final VarHandle TRIAL;

  static {
    try {
      var lookup = MethodHandles.lookup();
      FAILURES = lookup.findVarHandle(EndpointHealth.class, "failures", int.class);
      SUCCESSES = lookup.findVarHandle(EndpointHealth.class, "successes", int.class);
      SIGNALLED = lookup.findVarHandle(EndpointHealth.class, "signalled", boolean.class);
      TRIAL = lookup.findVarHandle(EndpointHealth.class, "trial", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long trialGapNanos;
  private volatile PoolMeters meters;
  private volatile Phase phase = Phase.READY;
  private volatile int failures;
  private volatile int successes;
  private volatile boolean trialFailed;

  @SuppressWarnings("UnusedVariable") // read and written through SIGNALLED
  private volatile boolean signalled;

  private volatile long trial = -1;
  private volatile long nextTrialAt;
  private volatile long dueAt;

  /** Written and read by the registry's thread only. */
  private int timesSetAside;

  private long readySince;

  EndpointHealth(long trialGapNanos, PoolMeters meters, long now) {
    this.trialGapNanos = trialGapNanos;
    this.meters = meters;
    this.readySince = now;
  }

  Phase phase() {
    return phase;
  }

  /** Failures in a row. */
  int failures() {
    return failures;
  }

  /** Answers in a row since probation began. */
  int successes() {
    return successes;
  }

  /** True if a request failed since probation began. */
  boolean trialFailed() {
    return trialFailed;
  }

  /** When probation begins, in the registry's nanoseconds; means nothing while ready. */
  long dueAt() {
    return dueAt;
  }

  int timesSetAside() {
    return timesSetAside;
  }

  long readySince() {
    return readySince;
  }

  PoolMeters meters() {
    return meters;
  }

  /** Counts from now on into these meters: those of the model as it came back. */
  void meters(PoolMeters newMeters) {
    meters = newMeters;
  }

  /**
   * Takes note of an answer.
   *
   * @return true if the registry's thread must judge the endpoint
   */
  boolean answered() {
    Phase now = phase;
    if (failures != 0) {
      failures = 0;
    }
    if (now != Phase.PROBATION) {
      return false;
    }
    SUCCESSES.getAndAdd(this, 1);
    if (takeBackTrial()) {
      meters.trialAnswered();
    }
    return signal();
  }

  /**
   * Takes note of a failure.
   *
   * @param threshold failures in a row that set a ready endpoint aside
   * @return true if the registry's thread must judge the endpoint
   */
  boolean failed(int threshold) {
    int inARow = (int) FAILURES.getAndAdd(this, 1) + 1;
    Phase now = phase;
    if (now == Phase.READY) {
      return inARow >= threshold && signal();
    }
    if (now == Phase.SET_ASIDE) {
      return false;
    }
    successes = 0;
    trialFailed = true;
    if (takeBackTrial()) {
      meters.trialFailed();
    }
    return signal();
  }

  /** One judgement at a time is asked for, however many requests fail at once. */
  private boolean signal() {
    return SIGNALLED.compareAndSet(this, false, true);
  }

  /** To be called before the state is read, so that what comes later signals again. */
  void clearSignal() {
    signalled = false;
  }

  /** A ticket greater than 0, or 0 if no trial may begin now. */
  long tryBeginTrial(long now) {
    long free = trial;
    if (free > 0 || phase != Phase.PROBATION || now - nextTrialAt < 0) {
      return 0;
    }
    long ticket = -free + 1;
    if (!TRIAL.compareAndSet(this, free, ticket)) {
      return 0;
    }
    nextTrialAt = now + trialGapNanos;
    return ticket;
  }

  /** Gives a permit back that no outcome was reported for; late and repeated calls do nothing. */
  void endTrial(long ticket) {
    if (TRIAL.compareAndSet(this, ticket, -ticket)) {
      meters.trialNeutral();
    }
  }

  private boolean takeBackTrial() {
    long held = trial;
    return held > 0 && TRIAL.compareAndSet(this, held, -held);
  }

  void setAside(int times, long due) {
    timesSetAside = times;
    dueAt = due;
    phase = Phase.SET_ASIDE;
  }

  void beginProbation(long now) {
    failures = 0;
    successes = 0;
    trialFailed = false;
    nextTrialAt = now;
    if (takeBackTrial()) {
      meters.trialNeutral();
    }
    phase = Phase.PROBATION;
  }

  void becomeReady(long now) {
    failures = 0;
    readySince = now;
    phase = Phase.READY;
  }

  /** Starts afresh, as an endpoint that was never heard of. */
  void reset(long now) {
    timesSetAside = 0;
    becomeReady(now);
  }
}
