package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Profile;
import org.jspecify.annotations.Nullable;

/**
 * The candidate with the fewest requests in flight; chance decides between equals.
 *
 * <p>One pass finds the smallest count and how many have it, a second walks to the one that was
 * drawn. That takes one random number however many are equal. Where other replicas decide too,
 * counts are equal within what those may have added unseen, so that replicas do not pile on the
 * endpoint that was least loaded a moment ago; a config profile may widen that. Counts may change
 * in between: if the one that was drawn is no longer there, both passes begin again.
 */
final class LeastRequestStrategy implements CostStrategy {
  @Override
  public String name() {
    return "least-request";
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    for (int i = 0; i < candidates.size(); i++) {
      costs[i] = candidates.inFlight(i);
    }
  }

  @Override
  public int pick(RequestView request, CandidateView candidates) {
    int chosen;
    do {
      chosen = pickOnce(candidates, spread(request.profile()));
    } while (chosen < 0);
    return chosen;
  }

  private static int spread(@Nullable Profile profile) {
    Integer given = profile == null ? null : profile.leastRequestSpread();
    return given == null ? 0 : given;
  }

  private static int pickOnce(CandidateView candidates, int spread) {
    int size = candidates.size();
    int least = Integer.MAX_VALUE;
    int equals = 0;
    int uncertainty = spread;
    for (int i = 0; i < size; i++) {
      int inFlight = candidates.inFlight(i);
      uncertainty = Math.max(uncertainty, candidates.uncertainty(i));
      if (inFlight < least) {
        least = inFlight;
        equals = 1;
      } else if (inFlight == least) {
        equals++;
      }
    }
    int limit = least + uncertainty;
    if (uncertainty > 0) {
      equals = countUpTo(limit, candidates);
    }
    int drawn = equals > 1 ? candidates.random().nextInt(equals) : 0;
    for (int i = 0; i < size; i++) {
      if (candidates.inFlight(i) <= limit && drawn-- == 0) {
        return i;
      }
    }
    return -1;
  }

  private static int countUpTo(int limit, CandidateView candidates) {
    int count = 0;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.inFlight(i) <= limit) {
        count++;
      }
    }
    return count;
  }
}
