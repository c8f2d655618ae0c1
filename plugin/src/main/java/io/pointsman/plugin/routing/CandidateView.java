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

  /**
   * Full blocks of the prompt's beginning that candidate {@code i} holds; 0 unless the strategy
   * {@link RoutingStrategy#needsPrompt needs the prompt}.
   */
  default int matchedBlocks(int i) {
    return 0;
  }

  /**
   * How far candidate {@code i} has come since it was new to its pool: from 0 to 1, and 1 from the
   * end of the ramp on.
   */
  default double warmth(int i) {
    return 1;
  }

  /** Randomness for ties; fixed by tests. */
  RandomGenerator random();
}
