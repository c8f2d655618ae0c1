package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ThroughputStrategyTest {
  private final ThroughputStrategy strategy = new ThroughputStrategy();

  @Test
  void theMostTokensPerRequestInFlightWin() {
    var view = new TestView(10, 2, 4);
    view.tokens[0] = 900;
    view.tokens[1] = 300;
    view.tokens[2] = 400;

    assertThat(view.picks(strategy, 50)).containsExactly(0, 50, 0);
  }

  @Test
  void withoutRequestsInFlightTheRateCounts() {
    var view = new TestView(0, 0);
    view.tokens[0] = 100;
    view.tokens[1] = 200;

    assertThat(view.picks(strategy, 50)).containsExactly(0, 50);
  }

  @Test
  void aCandidateWithoutRecentTokensIsNeitherBestNorWorst() {
    var view = new TestView(1, 1, 1);
    view.tokens[0] = 100;
    view.tokens[1] = 0;
    view.tokens[2] = 300;

    assertThat(view.picks(strategy, 50)).containsExactly(0, 0, 50);
    view.inFlight[2] = 6;
    assertThat(view.picks(strategy, 50)).as("100 and 50, so 75").containsExactly(50, 0, 0);
    assertThat(view.unknown).containsEntry("throughput", 100);
  }
}
