package io.pointsman.plugin.extproc;

/** How far the response half of a stream has come. */
enum ResponsePhase {
  /** Nothing has come. */
  AWAITING_HEADERS,
  /** Headers, or pieces of the body, are here. */
  PASSING_BODY,
  /** All of the response is here. */
  COMPLETE
}
