package io.pointsman.plugin.routing;

/**
 * The candidate with the most decode rate to spare: the most tokens each second for each request in
 * flight. One that generated nothing lately is not known to be fast or slow.
 */
final class ThroughputStrategy implements CostStrategy {
  @Override
  public String name() {
    return "throughput";
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    for (int i = 0; i < candidates.size(); i++) {
      double rate = candidates.tokensPerSecond(i);
      costs[i] = rate > 0 ? -rate / Math.max(1, candidates.inFlight(i)) : Double.NaN;
    }
  }
}
