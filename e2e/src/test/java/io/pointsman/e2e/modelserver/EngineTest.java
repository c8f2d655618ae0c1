package io.pointsman.e2e.modelserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The engine's pace, in simulated time: 1,000 prompt tokens and 100 answer tokens a second. */
class EngineTest {
  private static final ServerSettings SETTINGS =
      new ServerSettings(List.of("m"), 1_000, 100, 1_000, 4, 16, 1);

  private final ManualTimer timer = new ManualTimer();
  private final EngineMetrics metrics = new EngineMetrics("m", 1_000);
  private final List<String> events = new ArrayList<>();

  @Test
  void aPromptTakesItsTokensAtThePrefillRateAndEachFurtherTokenAStep() {
    submit(new Engine(SETTINGS, timer, metrics), "a", 400, 3, true);
    timer.pass(10_000);
    assertThat(events)
        .containsExactly("400 a prefilled 0", "400 a 0", "410 a 1", "420 a 2", "420 a done");
  }

  @Test
  void theSamePromptAgainCostsOnlyWhatIsNotCached() {
    var engine = new Engine(SETTINGS, timer, metrics);
    submit(engine, "a", 400, 1, false);
    timer.pass(1_000);
    submit(engine, "a", 400, 1, false);
    timer.pass(1_000);
    // 25 full blocks are 400 tokens; the last token is always computed.
    assertThat(events)
        .containsExactly("400 a prefilled 0", "400 a done", "1001 a prefilled 399", "1001 a done");
    assertThat(metrics.cachedTokens()).isEqualTo(399);
  }

  @Test
  void promptsAreComputedOneAfterTheOtherAndAnswersSideBySide() {
    var engine = new Engine(SETTINGS, timer, metrics);
    submit(engine, "a", 100, 11, false);
    submit(engine, "b", 100, 11, false);
    timer.pass(10_000);
    assertThat(events)
        .containsExactly("100 a prefilled 0", "200 a done", "200 b prefilled 0", "300 b done");
  }

  @Test
  void whatDoesNotFitWaitsInOrder() {
    var engine = new Engine(SETTINGS.withMaxRunning(1), timer, metrics);
    submit(engine, "a", 100, 1, false);
    submit(engine, "b", 100, 1, false);
    submit(engine, "c", 100, 1, false);
    timer.pass(50);
    assertThat(metrics.running()).isEqualTo(1);
    assertThat(metrics.waiting()).isEqualTo(2);
    timer.pass(10_000);
    assertThat(events)
        .filteredOn(e -> e.endsWith("done"))
        .containsExactly("100 a done", "200 b done", "300 c done");
    assertThat(metrics.running()).isZero();
    assertThat(metrics.waiting()).isZero();
  }

  @Test
  void aFullCacheMakesRequestsWait() {
    var engine = new Engine(SETTINGS.withCacheBlocks(10), timer, metrics);
    submit(engine, "a", 100, 10, false);
    submit(engine, "b", 100, 10, false);
    timer.pass(150);
    assertThat(metrics.running()).isEqualTo(1);
    assertThat(metrics.scrape())
        .contains("vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"m\"} 0.7\n");
    timer.pass(10_000);
    assertThat(events).contains("190 a done", "380 b done");
  }

  @Test
  void anAbortedRequestFreesItsPlaceAndIsNeverHeardOfAgain() {
    var engine = new Engine(SETTINGS.withMaxRunning(1), timer, metrics);
    Engine.Sequence first = submit(engine, "a", 100, 100, true);
    Engine.Sequence second = submit(engine, "b", 100, 1, true);
    submit(engine, "c", 100, 1, false);
    timer.pass(105);
    engine.abort(first);
    engine.abort(second);
    engine.abort(second);
    timer.pass(10_000);
    // The prompt of b was begun at 105, and a begun prompt is computed to its end.
    assertThat(events)
        .containsExactly("100 a prefilled 0", "100 a 0", "305 c prefilled 0", "305 c done");
    assertThat(metrics.abortedRequests()).isEqualTo(2);
    assertThat(metrics.running()).isZero();
  }

  @Test
  void abortAfterTheEndChangesNothing() {
    var engine = new Engine(SETTINGS, timer, metrics);
    Engine.Sequence sequence = submit(engine, "a", 100, 1, true);
    timer.pass(1_000);
    engine.abort(sequence);
    timer.pass(1_000);
    assertThat(metrics.abortedRequests()).isZero();
    assertThat(metrics.running()).isZero();
  }

  @Test
  void afterTheFirstTokenThoseOfAnIntervalComeTogetherWhenTheLastOneIsThere() {
    submit(new Engine(SETTINGS.withStreamInterval(4), timer, metrics), "a", 400, 7, true);
    timer.pass(10_000);
    assertThat(events)
        .containsExactly("400 a prefilled 0", "400 a 0", "440 a 1-4", "460 a 5-6", "460 a done");
  }

  @Test
  void unlimitedRatesTakeNoTime() {
    submit(new Engine(ServerSettings.instant("m"), timer, metrics), "a", 400, 3, true);
    timer.pass(0);
    assertThat(events).containsExactly("0 a prefilled 0", "0 a 0", "0 a 1", "0 a 2", "0 a done");
  }

  @Test
  void timesGoIntoVllmsHistograms() {
    submit(new Engine(SETTINGS, timer, metrics), "a", 400, 11, false);
    timer.pass(10_000);
    assertThat(metrics.scrape())
        .contains(
            "vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"0.25\"} 0\n")
        .contains(
            "vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"0.5\"} 1\n")
        .contains("vllm:time_to_first_token_seconds_sum{engine=\"0\",model_name=\"m\"} 0.4\n")
        .contains("vllm:inter_token_latency_seconds_sum{engine=\"0\",model_name=\"m\"} 0.01\n")
        .contains("vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} 400\n")
        .contains("vllm:generation_tokens_total{engine=\"0\",model_name=\"m\"} 11\n");
  }

  private Engine.Sequence submit(
      Engine engine, String name, int promptTokens, int answerTokens, boolean eachToken) {
    var work =
        new Engine.Work(
            "m",
            name.repeat(4 * promptTokens),
            promptTokens,
            "text".repeat(answerTokens),
            answerTokens,
            eachToken,
            false);
    return engine.submit(
        work,
        new Engine.Listener() {
          @Override
          public void onPrefilled(int cachedTokens) {
            note(name + " prefilled " + cachedTokens);
          }

          @Override
          public void onTokens(int from, int to) {
            note(name + " " + (to == from + 1 ? from : from + "-" + (to - 1)));
          }

          @Override
          public void onDone() {
            note(name + " done");
          }
        });
  }

  private void note(String event) {
    events.add(timer.nanos() / 1_000_000 + " " + event);
  }
}
