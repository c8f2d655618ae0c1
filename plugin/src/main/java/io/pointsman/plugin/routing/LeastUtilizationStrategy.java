package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.EngineSignals;

/**
 * The candidate that is least utilised: by its engine's own figure where it gives one, else by its
 * requests in flight as a part of the most that it was seen to have. To the engine's figure comes
 * that part of the requests that came or went since it was read: else all requests of a second
 * would go to the one that was least utilised at its start.
 */
final class LeastUtilizationStrategy implements CostStrategy {
  @Override
  public String name() {
    return "least-utilization";
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    for (int i = 0; i < candidates.size(); i++) {
      EngineSignals engine = candidates.engine(i);
      int inFlight = candidates.inFlight(i);
      double peak = candidates.peakInFlight(i);
      costs[i] =
          Double.isNaN(engine.utilization())
              ? inFlight / peak
              : Math.max(0, engine.utilization() + since(engine, inFlight, peak));
    }
  }

  private static double since(EngineSignals engine, int inFlight, double peak) {
    double most = Double.isNaN(peak) ? 1 : Math.max(1, peak);
    return (inFlight - engine.inFlight()) / most;
  }
}
