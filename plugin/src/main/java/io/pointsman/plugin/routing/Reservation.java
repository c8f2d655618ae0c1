package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Endpoint;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** One in-flight request on the endpoint that was chosen for it. Thread-safe. */
public final class Reservation {
  private static final VarHandle RELEASED;

  static {
    try {
      RELEASED = MethodHandles.lookup().findVarHandle(Reservation.class, "released", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Endpoint endpoint;
  private final long trial;
  private final Runnable takeBack;

  /** What is reserved elsewhere for the same request's prefill, or null. */
  private final @Nullable Reservation prefill;

  @SuppressWarnings("UnusedVariable") // read and written through RELEASED
  private volatile boolean released;

  /**
   * @param trial ticket of the trial permit that goes with it, or 0
   * @param takeBack what to do if the endpoint refuses the request
   */
  Reservation(Endpoint endpoint, long trial, Runnable takeBack) {
    this(endpoint, trial, takeBack, null);
  }

  /**
   * @param prefill what was reserved with it for the request's prefill; has a release of its own
   */
  Reservation(Endpoint endpoint, long trial, Runnable takeBack, @Nullable Reservation prefill) {
    this.endpoint = endpoint;
    this.trial = trial;
    this.takeBack = takeBack;
    this.prefill = prefill;
  }

  @Nullable Reservation prefill() {
    return prefill;
  }

  public Endpoint endpoint() {
    return endpoint;
  }

  /** True if this request tries an endpoint that is in probation. */
  public boolean isTrial() {
    return trial != 0;
  }

  /**
   * The request was refused, so that the endpoint has not computed its prompt: what was remembered
   * of it is taken back. To be called once at the most, before or after {@link #release}.
   */
  public void refused() {
    takeBack.run();
  }

  /** Gives the reservation back. Only the first call does anything. */
  public void release() {
    if (!RELEASED.compareAndSet(this, false, true)) {
      return;
    }
    if (trial != 0) {
      endpoint.endTrial(trial);
    }
    endpoint.release();
  }
}
