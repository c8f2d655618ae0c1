package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.EngineSignals;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Candidates whose figures a test sets; what it does not set is not known. */
final class TestView implements CandidateView {
  final int[] inFlight;
  final double[] latency;
  final double[] tokens;
  final double[] busy;
  final double[] peak;
  final int[] matched;
  final long[] identity;
  final EngineSignals[] engine;

  /** Candidates weighed without their signal, by strategy. */
  final Map<String, Integer> unknown = new HashMap<>();

  private final double[][] scratch;
  private final RandomGenerator random = new SplittableRandom(11);

  TestView(int... inFlight) {
    int size = inFlight.length;
    this.inFlight = inFlight;
    latency = unknown(size);
    tokens = unknown(size);
    busy = unknown(size);
    peak = unknown(size);
    matched = new int[size];
    identity = new SplittableRandom(5).longs(size).toArray();
    engine = new EngineSignals[size];
    Arrays.fill(engine, EngineSignals.UNKNOWN);
    // Whatever was there before must not matter.
    scratch = new double[][] {unknown(size + 3), unknown(size + 3)};
  }

  private static double[] unknown(int size) {
    double[] figures = new double[size];
    Arrays.fill(figures, Double.NaN);
    return figures;
  }

  /** How often each candidate is picked. */
  int[] picks(RoutingStrategy strategy, RequestView request, int rounds) {
    int[] picks = new int[size()];
    for (int i = 0; i < rounds; i++) {
      picks[strategy.pick(request, this)]++;
    }
    return picks;
  }

  /** How often each candidate is picked for a request of nobody. */
  int[] picks(RoutingStrategy strategy, int rounds) {
    return picks(strategy, new RequestView("m", null, null), rounds);
  }

  @Override
  public int size() {
    return inFlight.length;
  }

  @Override
  public int inFlight(int i) {
    return inFlight[i];
  }

  @Override
  public int uncertainty(int i) {
    return 0;
  }

  @Override
  public int matchedBlocks(int i) {
    return matched[i];
  }

  @Override
  public long identity(int i) {
    return identity[i];
  }

  @Override
  public EngineSignals engine(int i) {
    return engine[i];
  }

  @Override
  public double latencySeconds(int i) {
    return latency[i];
  }

  @Override
  public double tokensPerSecond(int i) {
    return tokens[i];
  }

  @Override
  public double busyShare(int i) {
    return busy[i];
  }

  @Override
  public double peakInFlight(int i) {
    return peak[i];
  }

  @Override
  public double[] scratch(int row) {
    return scratch[row];
  }

  @Override
  public void unknownSignals(String strategy, int count) {
    unknown.merge(strategy, count, Integer::sum);
  }

  @Override
  public RandomGenerator random() {
    return random;
  }
}
