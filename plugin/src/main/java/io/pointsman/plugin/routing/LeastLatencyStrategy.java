package io.pointsman.plugin.routing;

/**
 * The candidate where a request is soonest over: the time that requests took there lately, times
 * the requests in flight there and this one. Without that factor all requests would go to the one
 * that was fastest a moment ago, until its answers tell otherwise.
 */
final class LeastLatencyStrategy implements CostStrategy {
  @Override
  public String name() {
    return "least-latency";
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    for (int i = 0; i < candidates.size(); i++) {
      costs[i] = candidates.latencySeconds(i) * (1.0 + candidates.inFlight(i));
    }
  }
}
