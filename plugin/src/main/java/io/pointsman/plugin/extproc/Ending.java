package io.pointsman.plugin.extproc;

/** What is known about how a routed request ended. */
enum Ending {
  /** The whole answer passed before our eyes. */
  COMPLETED("completed"),
  /** The client or Envoy gave the request up while the answer was still running. */
  CANCELLED("cancelled"),
  /** The answer stopped before its end. */
  BROKEN("broken"),
  /** Over; without the response body in view nobody can say how. */
  ENDED("ended"),
  /** Still running when this replica shut down and let Envoy carry on alone. */
  DRAINED("drained");

  private final String label;

  Ending(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }
}
