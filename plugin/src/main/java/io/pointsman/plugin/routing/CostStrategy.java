package io.pointsman.plugin.routing;

/**
 * A strategy that gives each candidate a cost and takes the cheapest. Such strategies can be
 * combined, see {@link WeightedStrategy}.
 */
interface CostStrategy extends RoutingStrategy {
  /**
   * Writes the cost of each candidate: any unit, less is better, NaN where it is not known.
   *
   * @param costs as long as there are candidates, or longer
   */
  void costs(RequestView request, CandidateView candidates, double[] costs);

  @Override
  default boolean needsPrompt() {
    return false;
  }

  @Override
  default int pick(RequestView request, CandidateView candidates) {
    double[] costs = candidates.scratch(0);
    costs(request, candidates, costs);
    Costs.fillUnknown(name(), candidates, costs);
    return Costs.cheapest(candidates, costs);
  }
}
