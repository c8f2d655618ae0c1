package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.EngineSignals;

/**
 * The candidate whose engine says that the least of its KV cache is taken. What requests take that
 * came or went since its metrics were read is estimated, by what a request takes in this pool on
 * average: else all requests of a second would go to the one that was emptiest at its start.
 */
final class LeastKvCacheStrategy implements CostStrategy {
  /** A request takes this part of a cache at least, and at most. */
  private static final double LEAST_SHARE = 0.005;

  private static final double MOST_SHARE = 0.25;

  private final String name;

  /**
   * @param name the reference has two for this
   */
  LeastKvCacheStrategy(String name) {
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    int size = candidates.size();
    double taken = 0;
    long takers = 0;
    for (int i = 0; i < size; i++) {
      EngineSignals engine = candidates.engine(i);
      if (!Double.isNaN(engine.kvCacheUsage())) {
        taken += engine.kvCacheUsage();
        takers += engine.inFlight();
      }
    }
    double share = takers == 0 ? LEAST_SHARE : taken / takers;
    share = Math.min(MOST_SHARE, Math.max(LEAST_SHARE, share));
    for (int i = 0; i < size; i++) {
      EngineSignals engine = candidates.engine(i);
      int since = candidates.inFlight(i) - engine.inFlight();
      costs[i] = Math.max(0, engine.kvCacheUsage() + share * since);
    }
  }
}
