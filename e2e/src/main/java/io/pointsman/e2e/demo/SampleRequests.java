package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.Ask;
import java.util.List;

/** The demo's requests, numbered: every mix of strategy, model and streaming comes by in turn. */
final class SampleRequests {
  /** Strategies that a request names; the last entry stands for naming none. */
  static final List<String> STRATEGIES = List.of("random", "least-request", "");

  private final List<String> models;

  SampleRequests(List<String> models) {
    this.models = List.copyOf(models);
  }

  Ask number(int n) {
    String strategy = STRATEGIES.get(n % STRATEGIES.size());
    int rest = n / STRATEGIES.size();
    String model = models.get(rest % models.size());
    rest /= models.size();
    Ask ask =
        Ask.of(model)
            .withPrompt(
                "Request " + n + ": " + "which points lead to the depot? ".repeat(1 + n % 8))
            .withMaxTokens(8 + n % 9);
    if (rest % 2 == 1) {
      ask = ask.streaming();
    }
    return strategy.isEmpty() ? ask : ask.withStrategy(strategy);
  }
}
