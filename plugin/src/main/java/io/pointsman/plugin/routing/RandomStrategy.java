package io.pointsman.plugin.routing;

/** Each candidate with the same chance. */
final class RandomStrategy implements RoutingStrategy {
  static final String NAME = "random";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean needsPrompt() {
    return false;
  }

  @Override
  public int pick(RequestView request, CandidateView candidates) {
    return candidates.random().nextInt(candidates.size());
  }
}
