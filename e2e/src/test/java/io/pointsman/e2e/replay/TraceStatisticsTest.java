package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceStatisticsTest {
  @Test
  void onlyWhatEarlierRequestsBroughtIsCached() {
    var settings = TraceSettings.realistic(1, Duration.ofSeconds(1));
    var question = new Message("user", "why ".repeat(160));
    var request = new TraceRequest(0, 0, 0, 0, List.of(question), 16);
    var other = new TraceRequest(0, 1, 0, 0, List.of(new Message("user", "who ".repeat(160))), 16);

    var statistics = TraceStatistics.of(new Trace(settings, List.of(request, other, request)), "m");

    assertThat(statistics.requests()).isEqualTo(3);
    assertThat(statistics.conversations()).isEqualTo(2);
    assertThat(statistics.answerTokens()).isEqualTo(48);
    // 160 words and the chat template around them are 10 full blocks; the third request finds all.
    assertThat(statistics.cachedTokens()).isEqualTo(160);
    assertThat(statistics.distinctBlocks()).isEqualTo(20);
    assertThat(statistics.idealHitRatio()).isCloseTo(1.0 / 3, within(0.02));
  }

  @Test
  void theRealisticTraceFillsThePodsAsItsReasoningSays() {
    var settings = TraceSettings.realistic(1, Duration.ofMinutes(4));
    var trace = TraceGenerator.generate(settings);

    var statistics = TraceStatistics.of(trace, "m");

    double perSecond = statistics.promptTokens() / settings.seconds();
    assertThat(perSecond / 32_000).isCloseTo(0.9, within(0.15));
    assertThat((double) statistics.promptTokens() / statistics.requests())
        .isCloseTo(2_500, within(400.0));
  }
}
