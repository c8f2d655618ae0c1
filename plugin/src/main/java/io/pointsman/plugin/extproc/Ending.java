package io.pointsman.plugin.extproc;

/** What is known about how a routed request ended. */
enum Ending {
  /** The whole answer passed before our eyes. */
  COMPLETED("completed"),
  /**
   * The answer stopped before its end. Whether the client left or the pod broke off, Envoy tells in
   * its access log only: seen on 1.40, our stream ends the same way for both.
   */
  INTERRUPTED("interrupted"),
  /** The answer ended as a stream of events must not: without the event that ends it. */
  BROKEN("broken"),
  /** Over; without the response body in view nobody can say how. */
  ENDED("ended"),
  /** Still running when this replica shut down and let Envoy carry on alone. */
  DRAINED("drained"),
  /** Broken off by us: something that the answer needs has failed meanwhile. */
  ABORTED("aborted");

  private final String label;

  Ending(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }
}
