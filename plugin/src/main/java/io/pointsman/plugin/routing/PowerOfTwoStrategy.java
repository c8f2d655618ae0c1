package io.pointsman.plugin.routing;

import java.util.random.RandomGenerator;

/**
 * The less loaded of two candidates drawn at random; chance decides between equals. Reads two loads
 * however many candidates there are, and does not herd (Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", 2001).
 */
final class PowerOfTwoStrategy implements RoutingStrategy {
  @Override
  public String name() {
    return "power-of-two";
  }

  @Override
  public boolean needsPrompt() {
    return false;
  }

  @Override
  public int pick(RequestView request, CandidateView candidates) {
    int size = candidates.size();
    RandomGenerator random = candidates.random();
    int first = random.nextInt(size);
    if (size == 1) {
      return first;
    }
    int second = random.nextInt(size - 1);
    second += second >= first ? 1 : 0;
    // Which of the two is first is chance already.
    return candidates.inFlight(second) < candidates.inFlight(first) ? second : first;
  }
}
