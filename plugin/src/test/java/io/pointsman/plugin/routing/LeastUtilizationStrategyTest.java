package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.endpoint.EngineSignals;
import org.junit.jupiter.api.Test;

class LeastUtilizationStrategyTest {
  private final LeastUtilizationStrategy strategy = new LeastUtilizationStrategy();

  @Test
  void theSmallestPartOfThePeakWins() {
    var view = new TestView(6, 3, 9);
    view.peak[0] = 40;
    view.peak[1] = 4;
    view.peak[2] = 12;

    assertThat(view.picks(strategy, 50)).containsExactly(50, 0, 0);
  }

  @Test
  void theEnginesOwnFigureGoesBeforeOurs() {
    var view = new TestView(6, 3);
    view.peak[0] = 40;
    view.peak[1] = 4;
    view.engine[0] = new EngineSignals(0, 6, Double.NaN, 0.8, Double.NaN, Double.NaN);

    assertThat(view.picks(strategy, 50)).containsExactly(0, 50);
  }

  @Test
  void aBurstBetweenTwoLooksIsSpread() {
    var view = new TestView(4, 4);
    view.peak[0] = 10;
    view.peak[1] = 10;
    view.engine[0] = new EngineSignals(0, 4, Double.NaN, 0.4, Double.NaN, Double.NaN);
    view.engine[1] = new EngineSignals(0, 4, Double.NaN, 0.5, Double.NaN, Double.NaN);
    for (int i = 0; i < 41; i++) {
      view.inFlight[strategy.pick(new RequestView("m", null, null), view)]++;
    }

    assertThat(view.inFlight[0]).isBetween(23, 27);
  }

  @Test
  void requestsThatEndedSinceTheLastLookAreTakenOff() {
    var view = new TestView(0, 4);
    view.peak[0] = 10;
    view.peak[1] = 10;
    view.engine[0] = new EngineSignals(0, 6, Double.NaN, 0.7, Double.NaN, Double.NaN);
    view.engine[1] = new EngineSignals(0, 4, Double.NaN, 0.5, Double.NaN, Double.NaN);

    assertThat(view.picks(strategy, 50)).containsExactly(50, 0);
  }

  @Test
  void aCandidateThatHadNoWorkYetIsTakenForAverage() {
    var view = new TestView(1, 0, 4);
    view.peak[0] = 10;
    view.peak[2] = 5;

    assertThat(view.picks(strategy, 50)).containsExactly(50, 0, 0);
    assertThat(view.unknown).containsEntry("least-utilization", 50);
  }
}
