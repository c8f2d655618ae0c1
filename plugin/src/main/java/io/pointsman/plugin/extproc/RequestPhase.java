package io.pointsman.plugin.extproc;

/** How far the request half of a stream has come. */
enum RequestPhase {
  /** Nothing has come. */
  AWAITING_HEADERS,
  /** Headers are here; the decision waits for the body. */
  AWAITING_BODY,
  /** The body is here; it is being decided, which may have to wait for something elsewhere. */
  DECIDING,
  /** Decided on headers; what comes of the body is let through. */
  PASSING_BODY,
  /** Decided on the body; only trailers can follow. */
  AWAITING_TRAILERS,
  /** All of the request is here. */
  COMPLETE
}
