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
   * Requests in flight on candidate {@code i}, of all replicas. This replica's part is remembered:
   * if {@code i} is chosen, the reservation holds only if the count is still the same, and the
   * strategy is asked again if not.
   */
  int inFlight(int i);

  /**
   * By how much {@link #inFlight} may be too small, because other replicas decide too and are heard
   * a moment later. Always 0 where there is one replica.
   */
  int uncertainty(int i);

  /** Randomness for ties; fixed by tests. */
  RandomGenerator random();
}
