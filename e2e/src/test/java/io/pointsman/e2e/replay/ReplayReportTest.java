package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplayReportTest {
  private static final Trace TRACE =
      TraceGenerator.generate(TraceSettings.realistic(5, Duration.ofSeconds(10)));
  private static final TraceStatistics STATISTICS =
      new TraceStatistics(20, 15, 9, 40_000, 2_000, 32_000, 900);
  private static final Cluster CLUSTER =
      Cluster.forTrace(TraceSettings.realistic(5, Duration.ofSeconds(10)), STATISTICS, 3);

  @Test
  void eachConfigurationHasALineWithItsShareOfTheIdeal() {
    assertThat(report(summary("random", 1, 0.4, 500)).markdown("here"))
        .contains(
            "| `random` | 1 | 40.0 % | 50.0 % | 500 ms | 900 ms | 30 % / 40 % | 20 | 1 |\n",
            "seed 5", "keeps 33 blocks", "3 times as fast", "Taken on: here.")
        .doesNotContain("goal");
  }

  @Test
  void goalsAreJudgedWhereTheirConfigurationsRan() {
    assertThat(
            report(
                    summary("random", 1, 0.4, 500),
                    summary("prefix-cache", 1, 0.7, 200),
                    summary("prefix-cache", 4, 0.65, 240))
                .markdown("here"))
        .contains("has 92.9 % of the hit ratio with 1 (goal: at least 95 %): missed")
        .contains("has 48 % of random's median TTFT (goal: at most 50 %): met");
  }

  @Test
  void thePictureNamesAllConfigurations() {
    assertThat(report(summary("random", 1, 0.4, 500), summary("prefix-cache", 4, 0.7, 200)).svg())
        .contains(
            ">random<", ">1 replica<", ">prefix-<", ">cache<", ">4 replicas<", ">ideal: one pod");
  }

  private static ReplayReport report(Summary... summaries) {
    return new ReplayReport(TRACE, STATISTICS, CLUSTER, List.of(summaries));
  }

  private static Summary summary(String strategy, int replicas, double hitRatio, double p50) {
    return new Summary(
        new Configuration(strategy, replicas), 20, 1, 0, hitRatio, p50, 900, 0.3, 0.4, 2);
  }
}
