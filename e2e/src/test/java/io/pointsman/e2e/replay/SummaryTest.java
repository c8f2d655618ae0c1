package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class SummaryTest {
  private static final Cluster CLUSTER = new Cluster(2, 100, 50, 10, 4);

  @Test
  void tokensAndTimesOfAnsweredRequestsCount() {
    var summary =
        Summary.of(
            new Configuration("random", 1),
            List.of(
                new Outcome("a", 300, 100, 10_000_000, 1_000_000, false, null),
                new Outcome("a", 100, 0, 20_000_000, 2_000_000, true, null),
                new Outcome("b", 200, 200, 30_000_000, 3_000_000, false, null),
                Outcome.failed("status 503", 4_000_000, true)),
            CLUSTER,
            10);

    assertThat(summary.requests()).isEqualTo(4);
    assertThat(summary.errors()).isEqualTo(1);
    assertThat(summary.waited()).isEqualTo(2);
    assertThat(summary.hitRatio()).isEqualTo(0.5);
    // Four times as fast: a millisecond here is four of the trace.
    assertThat(summary.firstTokenP50Millis()).isCloseTo(80, within(1e-9));
    assertThat(summary.firstTokenP99Millis()).isCloseTo(120, within(1e-9));
    assertThat(summary.clientLagP99Millis()).isCloseTo(16, within(1e-9));
    // 300 tokens were computed; a pod computes 1,000 in the trace's time.
    assertThat(summary.meanLoad()).isCloseTo(0.15, within(1e-9));
    assertThat(summary.maxLoad()).isCloseTo(0.3, within(1e-9));
  }
}
