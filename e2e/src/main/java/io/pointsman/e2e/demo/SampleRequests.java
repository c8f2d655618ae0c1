package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.util.ArrayList;
import java.util.List;

/** The demo's requests, numbered: every mix of strategy, model and streaming comes by in turn. */
final class SampleRequests {
  /** The strategy for servers that share requests. */
  static final String PAIRS = "pd";

  private final List<String> models;

  /** What a request names; the empty one stands for naming none. */
  private final List<String> strategies;

  private SampleRequests(List<String> models, List<String> strategies) {
    this.models = List.copyOf(models);
    this.strategies = List.copyOf(strategies);
  }

  /** For models whose servers serve whole requests. */
  static SampleRequests ofAllStrategies(List<String> models) {
    var strategies = new ArrayList<>(StrategyCatalog.standard().names());
    strategies.remove(PAIRS);
    strategies.add("");
    return new SampleRequests(models, strategies);
  }

  /** For models whose servers share requests. */
  static SampleRequests ofPairs(List<String> models) {
    return new SampleRequests(models, List.of(PAIRS));
  }

  Ask number(int n) {
    String strategy = strategies.get(n % strategies.size());
    int rest = n / strategies.size();
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
