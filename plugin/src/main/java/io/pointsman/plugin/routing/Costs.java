package io.pointsman.plugin.routing;

/** What is done with the costs of candidates. */
final class Costs {
  /** Costs this close are equal: the difference comes from arithmetic. */
  private static final double EQUAL = 1e-9;

  private Costs() {}

  /**
   * Puts the mean of the known costs where a cost is not known, so that such a candidate is neither
   * sought nor avoided.
   */
  static void fillUnknown(String strategy, CandidateView candidates, double[] costs) {
    int size = candidates.size();
    double sum = 0;
    int unknown = 0;
    for (int i = 0; i < size; i++) {
      if (Double.isFinite(costs[i])) {
        sum += costs[i];
      } else {
        unknown++;
      }
    }
    if (unknown == 0) {
      return;
    }
    candidates.unknownSignals(strategy, unknown);
    double mean = unknown == size ? 0 : sum / (size - unknown);
    for (int i = 0; i < size; i++) {
      if (!Double.isFinite(costs[i])) {
        costs[i] = mean;
      }
    }
  }

  /** The cheapest candidate; among equals the fewest in flight decide, then chance. */
  static int cheapest(CandidateView candidates, double[] costs) {
    int size = candidates.size();
    double least = costs[0];
    for (int i = 1; i < size; i++) {
      least = Math.min(least, costs[i]);
    }
    double limit = least + EQUAL * Math.max(1, Math.abs(least));
    int fewest = Integer.MAX_VALUE;
    int uncertainty = 0;
    for (int i = 0; i < size; i++) {
      if (costs[i] <= limit) {
        fewest = Math.min(fewest, candidates.inFlight(i));
        uncertainty = Math.max(uncertainty, candidates.uncertainty(i));
      }
    }
    int chosen = -1;
    int last = 0;
    int equals = 0;
    for (int i = 0; i < size; i++) {
      if (costs[i] > limit) {
        continue;
      }
      last = i;
      boolean equal = candidates.inFlight(i) <= fewest + uncertainty;
      if (equal && candidates.random().nextInt(++equals) == 0) {
        chosen = i;
      }
    }
    // Counts may rise while they are read; then the one read last will do.
    return chosen >= 0 ? chosen : last;
  }

  /** Adds costs to totals, brought to the range from 0 to 1 and weighed. */
  static void addNormalised(int size, double[] costs, double weight, double[] totals) {
    double least = Double.MAX_VALUE;
    double most = -Double.MAX_VALUE;
    for (int i = 0; i < size; i++) {
      least = Math.min(least, costs[i]);
      most = Math.max(most, costs[i]);
    }
    double range = most - least;
    if (range <= 0) {
      return;
    }
    for (int i = 0; i < size; i++) {
      totals[i] += weight * (costs[i] - least) / range;
    }
  }
}
