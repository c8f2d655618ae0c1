package io.pointsman.plugin.routing;

import io.pointsman.plugin.blockmap.PromptMatch;
import io.pointsman.plugin.endpoint.Endpoint;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The view a strategy gets, together with what it read there. One object serves all decisions of
 * one thread, one after the other.
 *
 * <p>Each remembered count carries the number of the scan in which it was read, so that nothing has
 * to be wiped between scans.
 */
final class CandidateScan implements CandidateView {
  private final RandomGenerator random;
  private long rampNanos;
  private @Nullable PromptMatch match;
  private long now;
  private List<Endpoint> candidates = List.of();
  private long[] seen = new long[64];
  private int scan;

  CandidateScan(RandomGenerator random) {
    this.random = random;
  }

  /**
   * Begins a decision.
   *
   * @param newRampNanos time after which an endpoint is no longer new
   */
  void beginDecision(@Nullable PromptMatch newMatch, long newNow, long newRampNanos) {
    match = newMatch;
    now = newNow;
    rampNanos = newRampNanos;
  }

  /** Begins a scan: nothing has been read. */
  void begin(List<Endpoint> newCandidates) {
    candidates = newCandidates;
    if (seen.length < newCandidates.size()) {
      seen = new long[Math.max(newCandidates.size(), 2 * seen.length)];
    }
    scan++;
    if (scan == 0) {
      // After 2^32 scans the numbers begin again, and old marks would look new.
      seen = new long[seen.length];
      scan = 1;
    }
  }

  /** Lets go of the endpoints, which may not outlive their pool. */
  void end() {
    candidates = List.of();
    match = null;
  }

  @Override
  public int size() {
    return candidates.size();
  }

  @Override
  public int inFlight(int i) {
    int count = candidates.get(i).inFlight();
    seen[i] = ((long) scan << 32) | (count & 0xFFFFFFFFL);
    return count + candidates.get(i).peerInFlight();
  }

  @Override
  public int uncertainty(int i) {
    return candidates.get(i).peerArrivals();
  }

  @Override
  public int matchedBlocks(int i) {
    return match == null ? 0 : match.matched(i);
  }

  @Override
  public double warmth(int i) {
    long age = now - candidates.get(i).sinceNanos();
    return age >= rampNanos ? 1 : Math.max(0, (double) age / rampNanos);
  }

  @Override
  public RandomGenerator random() {
    return random;
  }

  /**
   * Reserves candidate {@code i} on the condition that its count is the one that was read, if it
   * was.
   *
   * @return false if the count has changed
   */
  boolean tryReserve(int i) {
    Endpoint endpoint = candidates.get(i);
    long mark = seen[i];
    if ((int) (mark >>> 32) == scan) {
      return endpoint.tryReserve((int) mark);
    }
    endpoint.reserve();
    return true;
  }
}
