package io.pointsman.e2e.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class SampleRequestsTest {
  private static final List<String> MODELS = List.of("a", "b");

  @Test
  void aCheckSendsEveryStrategyAndNoneToEveryModelStreamingAndNot() {
    var requests = SampleRequests.ofAllStrategies(MODELS);
    var kinds = new HashSet<List<String>>();
    for (int i = 0; i < Check.REQUESTS; i++) {
      Ask ask = requests.number(i);
      String strategy = ask.headers().getOrDefault("routing-strategy", "");
      kinds.add(List.of(strategy, ask.model(), String.valueOf(ask.stream())));
    }
    var strategies = new HashSet<>(StrategyCatalog.standard().names());
    strategies.remove("pd");
    strategies.add("");
    assertThat(strategies).contains("random", "least-request", "prefix-cache");
    assertThat(kinds).hasSize(strategies.size() * MODELS.size() * 2);
    assertThat(kinds).extracting(kind -> kind.get(0)).containsAll(strategies);
  }
}
