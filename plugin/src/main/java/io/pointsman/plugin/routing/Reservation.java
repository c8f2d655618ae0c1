package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Endpoint;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

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

  @SuppressWarnings("UnusedVariable") // read and written through RELEASED
  private volatile boolean released;

  /**
   * @param trial ticket of the trial permit that goes with it, or 0
   */
  Reservation(Endpoint endpoint, long trial) {
    this.endpoint = endpoint;
    this.trial = trial;
  }

  public Endpoint endpoint() {
    return endpoint;
  }

  /** True if this request tries an endpoint that is in probation. */
  public boolean isTrial() {
    return trial != 0;
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
