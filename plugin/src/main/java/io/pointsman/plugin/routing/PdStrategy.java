package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.prompt.ParsedRequest;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A prefill and a decode pod of one roleset; the decode pod is the one that is picked.
 *
 * <p>Only rolesets whose pods are for prompts of this length count. If prefill pods are far apart
 * in load, the least loaded one is taken, and so with decode pods; a pod is never taken for being
 * slow. Else pairs are compared by the sum of both pods' scores, each scaled to its worst. If no
 * roleset is left, pods that serve whole requests are next, as the config profile says, and then
 * decode pods alone, where they may make up for prefill pods that fail. A prefill is left out where
 * the decode pod holds most of the prompt.
 *
 * <p>Scores are those of the reference, less the throughput of decode pods, which grows with the
 * load that it should tell: prefill {@code (100 - match%) * 0.1 + load / max}, decode {@code load /
 * max / free KV cache}.
 */
final class PdStrategy implements RoutingStrategy {
  static final String NAME = "pd";

  private static final int ANY_LENGTH = -1;
  private static final double OUT = Double.NaN;

  /** Prefill pods this many standard deviations above the mean are too busy for their match. */
  private static final double DEVIATIONS = 2;

  private final PdRules rules;

  PdStrategy(PdRules rules) {
    this.rules = rules;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean needsPrompt() {
    return true;
  }

  @Override
  public int pick(RequestView request, CandidateView candidates) {
    Profile profile = request.profile();
    Profile.Prefill policies = profile == null ? Profile.Prefill.NONE : profile.prefill();
    int tokens = tokens(request.body());
    int chosen = pair(candidates, tokens, policies);
    if (chosen >= 0 || "fail".equals(policies.onEmptyBucket())) {
      return chosen;
    }
    chosen = whole(candidates, tokens);
    if (chosen < 0 && "any".equals(policies.onEmptyBucket())) {
      chosen = pair(candidates, ANY_LENGTH, policies);
      chosen = chosen >= 0 ? chosen : whole(candidates, ANY_LENGTH);
    }
    return chosen < 0 && decodesAlone(policies) ? alone(candidates, tokens) : chosen;
  }

  /** Four bytes are about one token. */
  private static int tokens(@Nullable ParsedRequest body) {
    return body == null ? 0 : (body.prompt().totalBytes() + 3) / 4;
  }

  /** The decode pod of the best pair, or -1 if there is none. */
  private int pair(CandidateView candidates, int tokens, Profile.Prefill policies) {
    double[] loads = candidates.scratch(0);
    if (!enter(candidates, tokens, loads)) {
      return -1;
    }
    int prefill = outlier(candidates, loads, Role.PREFILL, null, rules.prefillSpread() + 1);
    String roleset = prefill < 0 ? null : candidates.roleset(prefill);
    int decode = outlier(candidates, loads, Role.DECODE, roleset, rules.decodeSpread());
    if (decode >= 0) {
      roleset = candidates.roleset(decode);
    }
    double[] scores = candidates.scratch(1);
    double worstPrefill =
        prefillScores(candidates, loads, scores, policies.prefillScorePolicy(), roleset, prefill);
    double worstDecode =
        decodeScores(candidates, loads, scores, policies.decodeScorePolicy(), roleset, decode);
    double slack =
        unseen(candidates, loads, Role.PREFILL) / worstPrefill
            + unseen(candidates, loads, Role.DECODE) / worstDecode;
    return best(candidates, scores, worstPrefill, worstDecode, slack);
  }

  /**
   * By how much a score may be wrong, because other replicas decide too and are heard a moment
   * later: pairs that are so close are equal, so that replicas do not pile on the same one.
   */
  private static double unseen(CandidateView candidates, double[] loads, Role role) {
    double most = 1;
    int unseen = 0;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.role(i) == role && !Double.isNaN(loads[i])) {
        most = Math.max(most, loads[i]);
        unseen = Math.max(unseen, candidates.uncertainty(i));
      }
    }
    return unseen / most;
  }

  /** Reads the loads of those that can be of a pair; {@link #OUT} for all others. */
  private static boolean enter(CandidateView candidates, int tokens, double[] loads) {
    int size = candidates.size();
    boolean any = false;
    for (int i = 0; i < size; i++) {
      boolean fits =
          candidates.role(i) != Role.COMBINED
              && candidates.roleset(i) != null
              && (tokens == ANY_LENGTH || candidates.disaggregation(i).accepts(tokens));
      loads[i] = fits ? candidates.inFlight(i) : OUT;
    }
    for (int i = 0; i < size; i++) {
      if (!Double.isNaN(loads[i]) && !hasPartner(candidates, loads, i)) {
        loads[i] = OUT;
      } else {
        any |= !Double.isNaN(loads[i]);
      }
    }
    return any;
  }

  private static boolean hasPartner(CandidateView candidates, double[] loads, int i) {
    for (int k = 0; k < candidates.size(); k++) {
      if (!Double.isNaN(loads[k])
          && candidates.role(k) != candidates.role(i)
          && Objects.equals(candidates.roleset(k), candidates.roleset(i))) {
        return true;
      }
    }
    return false;
  }

  /** The least loaded of a role if its load is that much below the highest, else -1. */
  private static int outlier(
      CandidateView candidates, double[] loads, Role role, @Nullable String roleset, int spread) {
    int least = -1;
    int equals = 0;
    double most = 0;
    for (int i = 0; i < candidates.size(); i++) {
      if (!isIn(candidates, loads, i, role, roleset)) {
        continue;
      }
      most = Math.max(most, loads[i]);
      if (least < 0 || loads[i] < loads[least]) {
        least = i;
        equals = 1;
      } else if (loads[i] == loads[least] && candidates.random().nextInt(++equals) == 0) {
        least = i;
      }
    }
    return least >= 0 && most - loads[least] >= spread ? least : -1;
  }

  private static boolean isIn(
      CandidateView candidates, double[] loads, int i, Role role, @Nullable String roleset) {
    return !Double.isNaN(loads[i])
        && candidates.role(i) == role
        && (roleset == null || roleset.equals(candidates.roleset(i)));
  }

  /**
   * Scores the prefill pods, the lower the better.
   *
   * @param only the one that counts, or -1 for all
   * @return the highest score, at least 1
   */
  private double prefillScores(
      CandidateView candidates,
      double[] loads,
      double[] scores,
      @Nullable String given,
      @Nullable String roleset,
      int only) {
    String policy = given == null ? rules.prefillPolicy() : given;
    boolean byPrefix = policy.equals("prefix_cache") && candidates.promptBlocks() > 0;
    double limit = tooBusy(candidates, loads, roleset);
    double most = 1;
    for (int i = 0; i < candidates.size(); i++) {
      if (isIn(candidates, loads, i, Role.PREFILL, roleset)) {
        most = Math.max(most, loads[i]);
      }
    }
    double worst = 1;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.role(i) == Role.DECODE) {
        continue;
      }
      boolean counts = only < 0 ? loads[i] <= limit : i == only;
      if (!counts || !isIn(candidates, loads, i, Role.PREFILL, roleset)) {
        scores[i] = OUT;
        continue;
      }
      double match =
          byPrefix ? (double) candidates.matchedBlocks(i) / candidates.promptBlocks() : 1;
      scores[i] = (1 - match) * 10 + loads[i] / most;
      worst = Math.max(worst, scores[i]);
    }
    return worst;
  }

  /** The least loaded one is never above it. */
  private static double tooBusy(
      CandidateView candidates, double[] loads, @Nullable String roleset) {
    int count = 0;
    double sum = 0;
    double squares = 0;
    double least = Double.MAX_VALUE;
    for (int i = 0; i < candidates.size(); i++) {
      if (isIn(candidates, loads, i, Role.PREFILL, roleset)) {
        count++;
        sum += loads[i];
        squares += loads[i] * loads[i];
        least = Math.min(least, loads[i]);
      }
    }
    double mean = sum / count;
    double deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
    return Math.max(least, mean + DEVIATIONS * deviation);
  }

  private double decodeScores(
      CandidateView candidates,
      double[] loads,
      double[] scores,
      @Nullable String given,
      @Nullable String roleset,
      int only) {
    String policy = given == null ? rules.decodePolicy() : given;
    boolean byCache = policy.equals("load_balancing");
    double most = 0;
    for (int i = 0; i < candidates.size(); i++) {
      if (isIn(candidates, loads, i, Role.DECODE, roleset)) {
        most = Math.max(most, loads[i]);
      }
    }
    double worst = 0.01;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.role(i) != Role.DECODE) {
        continue;
      }
      if ((only >= 0 && i != only) || !isIn(candidates, loads, i, Role.DECODE, roleset)) {
        scores[i] = OUT;
        continue;
      }
      // One more, so that a full cache counts on an idle pod too.
      scores[i] = (loads[i] + 1) / (most + 1) / (byCache ? free(candidates, i) : 1);
      worst = Math.max(worst, scores[i]);
    }
    return worst;
  }

  /** Share of the KV cache that is free, at least 0.001; all of it where nobody says. */
  private static double free(CandidateView candidates, int i) {
    double used = candidates.engine(i).kvCacheUsage();
    return Double.isNaN(used) ? 1 : Math.max(0.001, 1 - used);
  }

  /** The decode pod of the best pair, whose prefill pod is told to the view; -1 if none is left. */
  private int best(
      CandidateView candidates,
      double[] scores,
      double worstPrefill,
      double worstDecode,
      double slack) {
    double least = least(candidates, scores, worstPrefill, worstDecode);
    int bestPrefill = -1;
    int bestDecode = -1;
    int equals = 0;
    for (int d = 0; d < candidates.size(); d++) {
      if (candidates.role(d) != Role.DECODE || Double.isNaN(scores[d])) {
        continue;
      }
      for (int p = 0; p < candidates.size(); p++) {
        if (!isPartner(candidates, scores, p, d)) {
          continue;
        }
        double score = scores[p] / worstPrefill + scores[d] / worstDecode;
        if (score <= least + slack && candidates.random().nextInt(++equals) == 0) {
          bestPrefill = p;
          bestDecode = d;
        }
      }
    }
    if (bestDecode >= 0 && !isWarm(candidates, bestDecode)) {
      candidates.prefillOn(bestPrefill);
    }
    return bestDecode;
  }

  private static double least(
      CandidateView candidates, double[] scores, double worstPrefill, double worstDecode) {
    double least = Double.MAX_VALUE;
    for (int d = 0; d < candidates.size(); d++) {
      if (candidates.role(d) != Role.DECODE || Double.isNaN(scores[d])) {
        continue;
      }
      for (int p = 0; p < candidates.size(); p++) {
        if (isPartner(candidates, scores, p, d)) {
          least = Math.min(least, scores[p] / worstPrefill + scores[d] / worstDecode);
        }
      }
    }
    return least;
  }

  private static boolean isPartner(CandidateView candidates, double[] scores, int p, int d) {
    return candidates.role(p) == Role.PREFILL
        && !Double.isNaN(scores[p])
        && Objects.equals(candidates.roleset(p), candidates.roleset(d));
  }

  private boolean isWarm(CandidateView candidates, int decode) {
    return rules.skipShare() > 0
        && candidates.canDecodeAlone()
        && candidates.promptBlocks() > 0
        && candidates.matchedBlocks(decode) >= rules.skipShare() * candidates.promptBlocks();
  }

  private boolean decodesAlone(Profile.Prefill policies) {
    String policy = policies.onPrefillFailure();
    return policy == null ? rules.decodeAlone() : policy.equals("decode-only");
  }

  /** The least loaded decode pod, if it can do without a prefill, or -1. */
  private static int alone(CandidateView candidates, int tokens) {
    int chosen = candidates.canDecodeAlone() ? leastLoaded(candidates, tokens, Role.DECODE) : -1;
    if (chosen >= 0) {
      candidates.prefillLacks();
    }
    return chosen;
  }

  /** The least loaded one that serves whole requests, or -1. */
  private static int whole(CandidateView candidates, int tokens) {
    return leastLoaded(candidates, tokens, Role.COMBINED);
  }

  private static int leastLoaded(CandidateView candidates, int tokens, Role role) {
    int chosen = -1;
    int least = Integer.MAX_VALUE;
    int equals = 0;
    for (int i = 0; i < candidates.size(); i++) {
      boolean fits =
          candidates.role(i) == role
              && (role == Role.DECODE
                  || candidates.roleset(i) == null
                  || candidates.disaggregation(i).combined())
              && (tokens == ANY_LENGTH || candidates.disaggregation(i).accepts(tokens));
      if (!fits) {
        continue;
      }
      int load = candidates.inFlight(i);
      if (load < least) {
        least = load;
        equals = 0;
      }
      if (load == least && candidates.random().nextInt(++equals) == 0) {
        chosen = i;
      }
    }
    return chosen;
  }
}
