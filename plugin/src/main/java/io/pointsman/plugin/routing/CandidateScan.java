package io.pointsman.plugin.routing;

import io.pointsman.plugin.blockmap.PromptMatch;
import io.pointsman.plugin.endpoint.Disaggregation;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.EngineSignals;
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
  /** What an endpoint may have in flight where nothing is set. */
  static final int NO_LIMIT = 0;

  private final RandomGenerator random;
  private final UnknownSignals unknownSignals;
  private final double[][] scratch = {new double[64], new double[64]};
  private @Nullable PromptMatch match;
  private long now;
  private long rampNanos;
  private boolean decodesAlone;
  private boolean nothingFits;

  /** Where the prompt is computed for the candidate that is picked, or -1. */
  private int prefill = -1;

  private boolean prefillLacks;

  private List<Endpoint> endpoints = List.of();

  /** Places of the candidates among the endpoints, where not all are candidates. */
  private int[] selected = new int[64];

  private boolean selecting;
  private @Nullable LabelSelector selector;
  private int maxInFlight = NO_LIMIT;
  private int full;
  private int size;
  private long[] seen = new long[64];
  private int scan;

  CandidateScan(RandomGenerator random, UnknownSignals unknownSignals) {
    this.random = random;
    this.unknownSignals = unknownSignals;
  }

  /**
   * Begins a decision.
   *
   * @param newEndpoints what to choose from
   * @param newSelector which of these are candidates; null for all
   * @param newMaxInFlight with so many requests in flight an endpoint is no candidate
   * @param newRampNanos time after which an endpoint is no longer new
   */
  void beginDecision(
      List<Endpoint> newEndpoints,
      @Nullable LabelSelector newSelector,
      int newMaxInFlight,
      @Nullable PromptMatch newMatch,
      long newNow,
      long newRampNanos) {
    endpoints = newEndpoints;
    match = newMatch;
    decodesAlone = true;
    nothingFits = false;
    now = newNow;
    rampNanos = newRampNanos;
    selector = newSelector;
    maxInFlight = newMaxInFlight;
    selecting = selector != null || maxInFlight != NO_LIMIT;
    if (seen.length < endpoints.size()) {
      seen = new long[Math.max(endpoints.size(), 2 * seen.length)];
      scratch[0] = new double[seen.length];
      scratch[1] = new double[seen.length];
    }
  }

  private void select() {
    if (selected.length < endpoints.size()) {
      selected = new int[Math.max(endpoints.size(), 2 * selected.length)];
    }
    size = 0;
    full = 0;
    for (int i = 0; i < endpoints.size(); i++) {
      Endpoint endpoint = endpoints.get(i);
      if (selector != null && !selector.matches(endpoint.labels())) {
        continue;
      }
      if (isFull(endpoint, endpoint.inFlight())) {
        full++;
      } else {
        selected[size++] = i;
      }
    }
  }

  /** Says that decode pods of this engine wait for a prefill elsewhere. */
  void decodesNeverAlone() {
    decodesAlone = false;
  }

  /** Notes that the strategy found none of the candidates fit. */
  void nothingFits(boolean so) {
    nothingFits = so;
  }

  /** True if that is how the last decision ended. */
  boolean nothingFits() {
    return nothingFits;
  }

  private boolean isFull(Endpoint endpoint, int inFlight) {
    return maxInFlight != NO_LIMIT && inFlight + endpoint.peerInFlight() >= maxInFlight;
  }

  /** True if there would be candidates if some were not full. */
  boolean anyFull() {
    return full > 0;
  }

  /**
   * Begins a scan: nothing has been read.
   *
   * @return false if there is no candidate
   */
  boolean begin() {
    size = endpoints.size();
    full = 0;
    if (selecting) {
      select();
    }
    scan++;
    prefill = -1;
    prefillLacks = false;
    if (scan == 0) {
      // After 2^32 scans the numbers begin again, and old marks would look new.
      seen = new long[seen.length];
      scan = 1;
    }
    return size > 0;
  }

  /** Lets go of the endpoints, which may not outlive their pool. */
  void end() {
    endpoints = List.of();
    match = null;
    selector = null;
  }

  private int place(int i) {
    return selecting ? selected[i] : i;
  }

  /** Candidate {@code i}. */
  Endpoint endpoint(int i) {
    return endpoints.get(place(i));
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int inFlight(int i) {
    Endpoint endpoint = endpoint(i);
    int count = endpoint.inFlight();
    seen[i] = ((long) scan << 32) | (count & 0xFFFFFFFFL);
    return count + endpoint.peerInFlight();
  }

  @Override
  public int uncertainty(int i) {
    return endpoint(i).peerArrivals();
  }

  @Override
  public int matchedBlocks(int i) {
    return match == null ? 0 : match.matched(place(i));
  }

  @Override
  public int promptBlocks() {
    return match == null ? 0 : match.blocks();
  }

  @Override
  public @Nullable String roleset(int i) {
    return endpoint(i).roleset();
  }

  @Override
  public Role role(int i) {
    return endpoint(i).role();
  }

  @Override
  public Disaggregation disaggregation(int i) {
    return endpoint(i).disaggregation();
  }

  @Override
  public boolean canDecodeAlone() {
    return decodesAlone;
  }

  @Override
  public void prefillOn(int i) {
    prefill = i;
  }

  @Override
  public void prefillLacks() {
    prefillLacks = true;
  }

  /** True if {@link #prefillLacks} was said in this scan. */
  boolean lacksPrefill() {
    return prefillLacks;
  }

  /** The candidate that was named by {@link #prefillOn} in this scan, or -1. */
  int prefill() {
    return prefill;
  }

  @Override
  public double warmth(int i) {
    long age = now - endpoint(i).sinceNanos();
    return age >= rampNanos ? 1 : Math.max(0, (double) age / rampNanos);
  }

  @Override
  public long identity(int i) {
    return endpoint(i).identity();
  }

  @Override
  public EngineSignals engine(int i) {
    return endpoint(i).engineSignals(now);
  }

  @Override
  public double latencySeconds(int i) {
    Endpoint endpoint = endpoint(i);
    double seen = endpoint.observations().latencySeconds(now);
    // Where answers come through here nothing better can be told, and the engine is not asked.
    return Double.isNaN(seen) ? endpoint.engineSignals(now).requestSeconds() : seen;
  }

  @Override
  public double tokensPerSecond(int i) {
    Endpoint endpoint = endpoint(i);
    double told = endpoint.engineSignals(now).tokensPerSecond();
    return Double.isNaN(told) ? endpoint.observations().tokensPerSecond() : told;
  }

  @Override
  public double busyShare(int i) {
    return endpoint(i).observations().busyShare();
  }

  @Override
  public double peakInFlight(int i) {
    return endpoint(i).observations().peakInFlight();
  }

  @Override
  public double[] scratch(int row) {
    return scratch[row];
  }

  @Override
  public void unknownSignals(String strategy, int count) {
    unknownSignals.add(strategy, count);
  }

  @Override
  public RandomGenerator random() {
    return random;
  }

  /** Reserves both candidates as {@link #tryReserve} does, or none. */
  boolean tryReserve(int i, int second) {
    if (!tryReserve(i)) {
      return false;
    }
    if (second < 0 || tryReserve(second)) {
      return true;
    }
    endpoint(i).release();
    return false;
  }

  /**
   * Reserves candidate {@code i} on the condition that its count is the one that was read, if it
   * was.
   *
   * @return false if the count has changed, or the endpoint is full by now
   */
  boolean tryReserve(int i) {
    Endpoint endpoint = endpoint(i);
    long mark = seen[i];
    boolean read = (int) (mark >>> 32) == scan;
    if (read || maxInFlight != NO_LIMIT) {
      int count = read ? (int) mark : endpoint.inFlight();
      return !isFull(endpoint, count) && endpoint.tryReserve(count);
    }
    endpoint.reserve();
    return true;
  }
}
