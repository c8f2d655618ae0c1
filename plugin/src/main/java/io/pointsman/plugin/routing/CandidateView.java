package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Disaggregation;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.EngineSignals;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

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

  /** Full blocks of the prompt; 0 unless the strategy needs the prompt. */
  default int promptBlocks() {
    return 0;
  }

  /** Candidate {@code i}'s prefill-decode group, or null. */
  default @Nullable String roleset(int i) {
    return null;
  }

  /** Candidate {@code i}'s part in that group. */
  default Role role(int i) {
    return Role.COMBINED;
  }

  /** What candidate {@code i} says for prefill-decode routing. */
  default Disaggregation disaggregation(int i) {
    return Disaggregation.DEFAULT;
  }

  /** True if a decode pod of this engine can do without a prefill elsewhere. */
  default boolean canDecodeAlone() {
    return true;
  }

  /**
   * Says that candidate {@code i} computes the prompt's KV cache before the picked one generates. A
   * request is reserved on both, on the conditions of {@link #inFlight}.
   */
  default void prefillOn(int i) {}

  /** Says that the picked candidate has to do without a prefill, since no pod is there for it. */
  default void prefillLacks() {}

  /** A number that stands for candidate {@code i}, the same on every replica. */
  default long identity(int i) {
    return i;
  }

  /** What candidate {@code i}'s engine says of itself, and {@code NaN}s where it does not. */
  default EngineSignals engine(int i) {
    return EngineSignals.UNKNOWN;
  }

  /** Seconds that a request takes on candidate {@code i} lately; NaN if not known. */
  default double latencySeconds(int i) {
    return Double.NaN;
  }

  /** Tokens that candidate {@code i} generates each second lately; NaN if not known. */
  default double tokensPerSecond(int i) {
    return Double.NaN;
  }

  /** Share of the last seconds in which candidate {@code i} had work, 0 to 1; NaN if not known. */
  default double busyShare(int i) {
    return Double.NaN;
  }

  /** The most requests that candidate {@code i} had in flight at once; NaN if not known. */
  default double peakInFlight(int i) {
    return Double.NaN;
  }

  /**
   * Room for a figure of each candidate, to write into; the content is arbitrary. Two rows at most
   * are in use at a time.
   *
   * @param row 0 or 1
   */
  double[] scratch(int row);

  /** Notes that a strategy had to do without its signal for so many candidates. */
  default void unknownSignals(String strategy, int count) {}

  /** Randomness for ties; fixed by tests. */
  RandomGenerator random();
}
