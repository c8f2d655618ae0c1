package io.pointsman.plugin.limit;

/** What a counter says where nothing could be taken from its lease. */
enum Outcome {
  /** The waiter is told later. */
  WAIT,

  /** There is a lease now: try again. */
  AGAIN,

  /** The limit is reached. */
  REFUSED,

  /** It cannot be told whether the limit is reached. */
  UNAVAILABLE,

  /** The counter was dropped: look it up again. */
  GONE
}
