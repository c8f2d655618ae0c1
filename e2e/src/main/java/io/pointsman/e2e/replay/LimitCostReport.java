package io.pointsman.e2e.replay;

import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/** What limits cost a request, as Markdown. Not thread-safe. */
final class LimitCostReport {
  private static final double GOAL = 1.1;
  private static final int RESAMPLINGS = 2_000;

  private final StringBuilder rows = new StringBuilder();

  /**
   * CPU time of the plugin for one request, in microseconds.
   *
   * @param unlimited without limits
   * @param requests with each limit of requests
   * @param tokens with a budget of tokens, too, and an answer of JSON
   * @param streamed the same with a streamed answer
   */
  record Round(double unlimited, double requests, double tokens, double streamed) {}

  /** Adds what was measured with prompts of this length in bytes. */
  void add(int prompt, List<Round> rounds) {
    row(
        prompt,
        "none",
        String.format(Locale.ROOT, "%.1f µs |  |  | ", mean(rounds, Round::unlimited)));
    double ratio = mean(rounds, Round::requests) / mean(rounds, Round::unlimited);
    row(prompt, "requests", rounds, Round::requests, ratio <= GOAL ? "met" : "missed");
    row(prompt, "requests and tokens", rounds, Round::tokens, "");
    row(prompt, "the same, streamed", rounds, Round::streamed, "");
  }

  private void row(
      int prompt, String limits, List<Round> rounds, ToDoubleFunction<Round> kind, String goal) {
    Percentiles ratios = resampled(rounds, kind);
    row(
        prompt,
        limits,
        String.format(
            Locale.ROOT,
            "%.1f µs | %.3f | %.3f - %.3f | %s",
            mean(rounds, kind),
            mean(rounds, kind) / mean(rounds, Round::unlimited),
            ratios.at(2.5),
            ratios.at(97.5),
            goal));
  }

  /** How the ratio comes out if rounds are drawn from those measured, again and again. */
  private static Percentiles resampled(List<Round> rounds, ToDoubleFunction<Round> kind) {
    var random = new Random(1);
    var ratios = new double[RESAMPLINGS];
    for (int i = 0; i < ratios.length; i++) {
      double with = 0;
      double without = 0;
      for (int draw = 0; draw < rounds.size(); draw++) {
        Round round = rounds.get(random.nextInt(rounds.size()));
        with += kind.applyAsDouble(round);
        without += round.unlimited();
      }
      ratios[i] = with / without;
    }
    return new Percentiles(ratios);
  }

  private static double mean(List<Round> rounds, ToDoubleFunction<Round> kind) {
    return rounds.stream().mapToDouble(kind).average().orElse(Double.NaN);
  }

  private void row(int prompt, String limits, String rest) {
    rows.append("| %d KiB | %s | %s |\n".formatted(prompt >> 10, limits, rest));
  }

  String markdown(int rounds, int requests, String machine) {
    return """
        CPU time of the plugin's process for one request, and the same ÷ that of a request without \
        limits, over %d rounds of %d requests of each kind by turns, with the interval in which 95 %% \
        of resamplings of the rounds lie (goal for limits of requests: at most %.2f):

        | Prompt | Limits | CPU time | To none | 95 %% | Goal |
        |---|---|---:|---:|---:|---|
        %s
        With tokens, the body of each answer comes to the plugin as well: JSON in one piece, or 50 \
        events, each in a piece of its own. Taken on: %s.
        """
        .formatted(rounds, requests, GOAL, rows, machine);
  }
}
