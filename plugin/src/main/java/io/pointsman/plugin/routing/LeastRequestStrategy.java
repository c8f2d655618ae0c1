package io.pointsman.plugin.routing;

/**
 * The candidate with the fewest requests in flight; chance decides between equals.
 *
 * <p>One pass finds the smallest count and how many have it, a second walks to the one that was
 * drawn. That takes one random number however many are equal. Counts may change in between: if the
 * one that was drawn is no longer there, both passes begin again.
 */
final class LeastRequestStrategy implements RoutingStrategy {
  @Override
  public String name() {
    return "least-request";
  }

  @Override
  public boolean needsPrompt() {
    return false;
  }

  @Override
  public int pick(RequestView request, CandidateView candidates) {
    int chosen;
    do {
      chosen = pickOnce(candidates);
    } while (chosen < 0);
    return chosen;
  }

  private static int pickOnce(CandidateView candidates) {
    int size = candidates.size();
    int least = Integer.MAX_VALUE;
    int equals = 0;
    int first = 0;
    for (int i = 0; i < size; i++) {
      int inFlight = candidates.inFlight(i);
      if (inFlight < least) {
        least = inFlight;
        equals = 1;
        first = i;
      } else if (inFlight == least) {
        equals++;
      }
    }
    if (equals == 1) {
      return first;
    }
    int drawn = candidates.random().nextInt(equals);
    for (int i = first; i < size; i++) {
      if (candidates.inFlight(i) == least && drawn-- == 0) {
        return i;
      }
    }
    return -1;
  }
}
