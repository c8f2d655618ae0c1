package io.pointsman.plugin.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Pools;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RequestMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private Pools pools = pools("llama", "qwen");
  private final RequestMetrics metrics = new RequestMetrics(registry, () -> pools);

  @Test
  void requestsAreCountedByModelStrategyAndCode() {
    metrics.model("llama").request("random", 200);
    metrics.model("llama").request("random", 200);
    metrics.model("llama").request("least-request", 503);
    metrics.model("qwen").request("random", 0);

    assertThat(requests("llama", "random", "200")).isEqualTo(2);
    assertThat(requests("llama", "least-request", "503")).isEqualTo(1);
    assertThat(requests("qwen", "random", "none")).isEqualTo(1);
  }

  @Test
  void codesThatAreNoHttpStatusMakeNoSeriesOfTheirOwn() {
    metrics.model("llama").request("random", 600);
    metrics.model("llama").request("random", -1);
    metrics.model("llama").request("random", 99);

    assertThat(requests("llama", "random", "none")).isEqualTo(3);
  }

  @Test
  void modelsThatOnlyAClientNamesShareOneSeries() {
    for (int i = 0; i < 1000; i++) {
      metrics.model("made-up-" + i).request(RequestMetrics.NO_STRATEGY, 400);
    }

    assertThat(requests("unknown", "none", "400")).isEqualTo(1000);
    assertThat(models()).containsExactlyInAnyOrder("unknown");
  }

  @Test
  void seriesOfAModelThatIsGoneGoWhenTheNextOneComes() {
    metrics.model("llama").request("random", 200);
    pools = pools("qwen");
    metrics.model("qwen").request("random", 200);

    assertThat(models()).containsExactlyInAnyOrder("unknown", "qwen");
  }

  @Test
  void modelThatComesBackCountsAgain() {
    metrics.model("llama").request("random", 200);
    pools = pools("qwen");
    metrics.model("qwen").ended(Ending.ENDED);
    pools = pools("llama");
    metrics.model("llama").request("random", 200);

    assertThat(requests("llama", "random", "200")).isEqualTo(1);
  }

  @Test
  void strategiesPastTheBoundShareOneSeries() {
    for (int i = 0; i < 200; i++) {
      metrics.model("llama").request("strategy-" + i, 200);
      metrics.decided("strategy-" + i, 1000);
    }

    assertThat(requests("llama", "other", "200")).isEqualTo(200 - RequestMetrics.MAX_STRATEGIES);
    assertThat(registry.find("pointsman.decision.duration").timers())
        .hasSize(RequestMetrics.MAX_STRATEGIES + 1);
  }

  private double requests(String model, String strategy, String code) {
    return registry
        .get("pointsman.requests")
        .tags(Tags.of("model", model, "strategy", strategy, "code", code))
        .counter()
        .count();
  }

  private Stream<String> models() {
    return registry.getMeters().stream()
        .map(Meter::getId)
        .map(id -> id.getTag("model"))
        .filter(model -> model != null)
        .distinct();
  }

  private static Pools pools(String... models) {
    return new Pools(
        Stream.of(models)
            .map(m -> new Pool(m, "vllm", ModelConfig.NONE, List.of(), List.of(), List.of()))
            .toList());
  }
}
