package io.pointsman.plugin.routing;

import io.pointsman.plugin.prompt.ParsedRequest;

/**
 * A fair share for each user: users are lined up along the candidates by the tokens they were
 * served lately, those with few at one end and those with many at the other, so that nobody waits
 * behind whoever uses the most. Load counts beside, so a crowded end spills over; and the more
 * alike users are, the less their places count. Counters, weights and estimates are those of the
 * reference, after Sheng et al., "Fairness in Serving Large Language Models" (2024). A request of
 * nobody goes where the fewest are in flight.
 */
final class VtcBasicStrategy implements CostStrategy {
  /** So much in flight counts as full. */
  private static final double MAX_LOAD = 100;

  /** Users with fewer tokens than that are not worth telling apart. */
  private static final double LEAST_SCALE = 1_000;

  private static final int BYTES_PER_TOKEN = 4;
  private static final double OUTPUT_PER_INPUT = 1.5;
  private static final double INPUT_WEIGHT = 1;
  private static final double OUTPUT_WEIGHT = 2;

  private final UserTokens tokens;

  VtcBasicStrategy(UserTokens tokens) {
    this.tokens = tokens;
  }

  @Override
  public String name() {
    return "vtc-basic";
  }

  @Override
  public boolean needsBody() {
    return true;
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    int size = candidates.size();
    double place = 0;
    double weight = 0;
    String user = request.user();
    if (user != null) {
      double most = tokens.most();
      double spread = most - tokens.fewest();
      place = spread <= 0 ? 0 : (tokens.of(user) - tokens.fewest()) / spread;
      place = Math.max(0, Math.min(1, place));
      weight = spread / Math.max(LEAST_SCALE, most);
    }
    for (int i = 0; i < size; i++) {
      double there = size == 1 ? 0 : (double) i / (size - 1);
      costs[i] = weight * Math.abs(there - place) + Math.min(1, candidates.inFlight(i) / MAX_LOAD);
    }
  }

  @Override
  public void picked(RequestView request) {
    ParsedRequest body = request.body();
    String user = request.user();
    if (body == null || user == null) {
      return;
    }
    double input = Math.ceil((double) body.prompt().totalBytes() / BYTES_PER_TOKEN);
    double output = OUTPUT_PER_INPUT * input;
    if (body.answerTokens() >= 0) {
      output = Math.min(output, body.answerTokens());
    }
    tokens.add(user, INPUT_WEIGHT * input + OUTPUT_WEIGHT * output);
  }
}
