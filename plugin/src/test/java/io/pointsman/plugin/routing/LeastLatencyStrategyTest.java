package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LeastLatencyStrategyTest {
  private final LeastLatencyStrategy strategy = new LeastLatencyStrategy();

  @Test
  void theFastestWins() {
    var view = new TestView(1, 1, 1);
    view.latency[0] = 2;
    view.latency[1] = 0.4;
    view.latency[2] = 1;

    assertThat(view.picks(strategy, 50)).containsExactly(0, 50, 0);
  }

  @Test
  void requestsAreSpreadByLatencyWhileNoAnswerTellsMore() {
    var view = new TestView(0, 0);
    view.latency[0] = 1;
    view.latency[1] = 3;
    for (int i = 0; i < 40; i++) {
      view.inFlight[strategy.pick(new RequestView("m", null, null), view)]++;
    }

    assertThat(view.inFlight[0]).isBetween(29, 31);
  }

  @Test
  void aCandidateWithoutAnswersIsTakenForAverage() {
    var view = new TestView(0, 0, 0);
    view.latency[0] = 3;
    view.latency[2] = 1;

    assertThat(view.picks(strategy, 50)).containsExactly(0, 0, 50);
    assertThat(view.unknown).containsEntry("least-latency", 50);
    view.inFlight[2] = 9;
    assertThat(view.picks(strategy, 50)).containsExactly(50, 0, 0);
  }
}
