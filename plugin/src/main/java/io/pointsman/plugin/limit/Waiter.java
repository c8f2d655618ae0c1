package io.pointsman.plugin.limit;

/** A request that waits for a lease. Called without locks, by threads that must not block. */
interface Waiter {
  /** How much it needs. */
  long amount();

  /** By when it must be answered, by the monotonic clock. */
  long deadlineNanos();

  /** Its amount was taken from this lease. */
  void taken(Lease lease);

  /** It gets nothing. */
  void failed(Outcome outcome);
}
