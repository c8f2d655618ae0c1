package io.pointsman.plugin.routing;

/**
 * The candidate that is least utilised: by its engine's own figure where it gives one, else by its
 * requests in flight as a part of the most that it was seen to have.
 */
final class LeastUtilizationStrategy implements CostStrategy {
  @Override
  public String name() {
    return "least-utilization";
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    for (int i = 0; i < candidates.size(); i++) {
      double own = candidates.engine(i).utilization();
      costs[i] = Double.isNaN(own) ? candidates.inFlight(i) / candidates.peakInFlight(i) : own;
    }
  }
}
