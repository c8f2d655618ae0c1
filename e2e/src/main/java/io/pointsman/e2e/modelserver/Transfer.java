package io.pointsman.e2e.modelserver;

/** One engine's protocol, as a server in one role speaks it. Thread-safe. */
interface Transfer {
  /**
   * Says what a request is to this server.
   *
   * @param requestId what the answer will have as its id
   * @throws BadRequest if the protocol does not allow it here
   */
  Leg leg(ApiCall call, String requestId) throws BadRequest;
}
