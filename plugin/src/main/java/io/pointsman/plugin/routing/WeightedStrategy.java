package io.pointsman.plugin.routing;

import java.util.Arrays;
import java.util.List;

/**
 * Several strategies at once: the costs of each are brought to the range from 0 to 1, weighed and
 * added up, as the reference does. Immutable.
 */
final class WeightedStrategy implements RoutingStrategy {
  /** What stands for all combinations in metrics, since clients make them up. */
  static final String NAME = "weighted";

  private final CostStrategy[] members;
  private final double[] weights;
  private final boolean needsPrompt;
  private final boolean needsBody;
  private final boolean usesSession;

  /**
   * @param weights of each member, above 0
   */
  WeightedStrategy(List<CostStrategy> members, List<Integer> weights) {
    this.members = members.toArray(CostStrategy[]::new);
    this.weights = weights.stream().mapToDouble(Integer::doubleValue).toArray();
    double sum = Arrays.stream(this.weights).sum();
    Arrays.setAll(this.weights, i -> this.weights[i] / sum);
    needsPrompt = members.stream().anyMatch(RoutingStrategy::needsPrompt);
    needsBody = members.stream().anyMatch(RoutingStrategy::needsBody);
    usesSession = members.stream().anyMatch(RoutingStrategy::usesSession);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean needsPrompt() {
    return needsPrompt;
  }

  @Override
  public boolean needsBody() {
    return needsBody;
  }

  @Override
  public boolean usesSession() {
    return usesSession;
  }

  @Override
  public int pick(RequestView request, CandidateView candidates) {
    int size = candidates.size();
    double[] costs = candidates.scratch(0);
    double[] totals = candidates.scratch(1);
    Arrays.fill(totals, 0, size, 0);
    for (int m = 0; m < members.length; m++) {
      members[m].costs(request, candidates, costs);
      Costs.fillUnknown(members[m].name(), candidates, costs);
      Costs.addNormalised(size, costs, weights[m], totals);
    }
    return Costs.cheapest(candidates, totals);
  }

  @Override
  public void picked(RequestView request) {
    for (CostStrategy member : members) {
      member.picked(request);
    }
  }
}
