package io.pointsman.plugin.routing;

import java.util.random.RandomGenerator;

/**
 * The endpoints a strategy picks from, as they are right now. A view belongs to one decision on one
 * thread.
 */
public interface CandidateView {
  /** Number of candidates, at least 1. */
  int size();

  /**
   * Requests in flight on candidate {@code i}. The value is remembered: if {@code i} is chosen, the
   * reservation holds only if the count is still the same, and the strategy is asked again if not.
   */
  int inFlight(int i);

  /** Randomness for ties; fixed by tests. */
  RandomGenerator random();
}
