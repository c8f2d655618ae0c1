package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Profile;

/**
 * The candidate that holds most of the prompt's beginning, unless it is too busy.
 *
 * <p>First the load gate: candidates that {@link PrefixCacheRules} call too busy drop out. Among
 * the rest the longest match wins, then the fewest requests in flight, then chance. If none
 * matches, the least loaded of the rest is taken, where an endpoint that is new to the pool counts
 * as busier than it is, so that it does not draw every unmatched request at once.
 */
final class PrefixCacheStrategy implements CostStrategy {
  static final String NAME = "prefix-cache";

  private final PrefixCacheRules defaults;

  /**
   * @param defaults rules where a config profile does not say otherwise
   */
  PrefixCacheStrategy(PrefixCacheRules defaults) {
    this.defaults = defaults;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean needsPrompt() {
    return true;
  }

  /**
   * In a combination load is for others to weigh, but for the gate: else whoever holds a prompt
   * that all requests begin with would get all of them, if the weights of others do not reach its
   * own.
   */
  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    PrefixCacheRules rules = rules(request);
    int least = Math.max(1, rules.minMatchBlocks());
    double limit = limit(rules, candidates, mean(candidates));
    for (int i = 0; i < candidates.size(); i++) {
      int matched = candidates.matchedBlocks(i);
      boolean counts = matched >= least && candidates.inFlight(i) <= limit;
      costs[i] = counts ? -matched : 0;
    }
  }

  private PrefixCacheRules rules(RequestView request) {
    Profile profile = request.profile();
    return profile == null ? defaults : defaults.with(profile.prefixCache());
  }

  @Override
  public int pick(RequestView request, CandidateView candidates) {
    PrefixCacheRules rules = rules(request);
    double mean = mean(candidates);
    double limit = limit(rules, candidates, mean);
    int chosen = longestMatch(candidates, limit, rules.minMatchBlocks());
    return chosen >= 0 ? chosen : leastLoaded(candidates, limit, mean);
  }

  private static double mean(CandidateView candidates) {
    long sum = 0;
    for (int i = 0; i < candidates.size(); i++) {
      sum += candidates.inFlight(i);
    }
    return (double) sum / candidates.size();
  }

  /** The most requests in flight with which a candidate is not too busy. */
  private static double limit(PrefixCacheRules rules, CandidateView candidates, double mean) {
    int size = candidates.size();
    int least = Integer.MAX_VALUE;
    double squares = 0;
    for (int i = 0; i < size; i++) {
      int inFlight = candidates.inFlight(i);
      least = Math.min(least, inFlight);
      squares += (inFlight - mean) * (inFlight - mean);
    }
    double deviation = size > 1 ? Math.sqrt(squares / (size - 1)) : 0;
    double gate = Math.min(mean + rules.deviations() * deviation, (double) least + rules.spread());
    return Math.max(rules.freeInFlight(), gate);
  }

  /** The best match among those that are not too busy, or -1 if none counts. */
  private static int longestMatch(CandidateView candidates, double limit, int minMatch) {
    int chosen = -1;
    int longest = Math.max(1, minMatch);
    int fewest = Integer.MAX_VALUE;
    int equals = 0;
    for (int i = 0; i < candidates.size(); i++) {
      int matched = candidates.matchedBlocks(i);
      if (matched < longest) {
        continue;
      }
      int inFlight = candidates.inFlight(i);
      if (inFlight > limit) {
        continue;
      }
      if (matched > longest || inFlight < fewest) {
        longest = matched;
        fewest = inFlight;
        chosen = i;
        equals = 1;
      } else if (inFlight == fewest && candidates.random().nextInt(++equals) == 0) {
        chosen = i;
      }
    }
    return chosen;
  }

  private static int leastLoaded(CandidateView candidates, double limit, double mean) {
    int chosen = -1;
    int equals = 0;
    double least = Double.MAX_VALUE;
    int uncertainty = 0;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.inFlight(i) <= limit) {
        least = Math.min(least, load(candidates, i, mean));
        uncertainty = Math.max(uncertainty, candidates.uncertainty(i));
      }
    }
    for (int i = 0; i < candidates.size(); i++) {
      boolean equal = load(candidates, i, mean) <= least + uncertainty;
      if (equal && candidates.inFlight(i) <= limit) {
        if (candidates.random().nextInt(++equals) == 0) {
          chosen = i;
        }
      }
    }
    // Loads change while they are read; then the one read last will do.
    return chosen >= 0 ? chosen : candidates.size() - 1;
  }

  private static double load(CandidateView candidates, int i, double mean) {
    return candidates.inFlight(i) + (1 - candidates.warmth(i)) * (mean + 1);
  }
}
