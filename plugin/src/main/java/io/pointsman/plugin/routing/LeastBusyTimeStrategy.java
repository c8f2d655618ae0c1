package io.pointsman.plugin.routing;

/** The candidate that had work in flight for the smallest share of the last 10 s. */
final class LeastBusyTimeStrategy implements CostStrategy {
  @Override
  public String name() {
    return "least-busy-time";
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    for (int i = 0; i < candidates.size(); i++) {
      costs[i] = candidates.busyShare(i);
    }
  }
}
