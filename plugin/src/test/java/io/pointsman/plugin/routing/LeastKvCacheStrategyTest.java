package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.endpoint.EngineSignals;
import org.junit.jupiter.api.Test;

class LeastKvCacheStrategyTest {
  private final LeastKvCacheStrategy strategy = new LeastKvCacheStrategy("least-kv-cache");

  private static EngineSignals usage(double kvCache, int inFlight) {
    return new EngineSignals(0, inFlight, kvCache, Double.NaN, Double.NaN, Double.NaN);
  }

  @Test
  void theEmptiestCacheWinsWhateverIsInFlight() {
    var view = new TestView(1, 20, 0, 3);
    view.engine[0] = usage(0.5, 1);
    view.engine[1] = usage(0.1, 20);
    view.engine[2] = usage(0.3, 0);
    view.engine[3] = usage(0.9, 3);

    assertThat(view.picks(strategy, 100)).containsExactly(0, 100, 0, 0);
    assertThat(view.unknown).isEmpty();
  }

  @Test
  void requestsSinceTheLastLookAreEstimated() {
    // A request takes 0.05 on average: 0.1 and six more are 0.4, above 0.3.
    var view = new TestView(8, 6);
    view.engine[0] = usage(0.1, 2);
    view.engine[1] = usage(0.3, 6);

    assertThat(view.picks(strategy, 100)).containsExactly(0, 100);
  }

  @Test
  void aBurstBetweenTwoLooksIsSpread() {
    var view = new TestView(2, 6, 8);
    view.engine[0] = usage(0.10, 2);
    view.engine[1] = usage(0.30, 6);
    view.engine[2] = usage(0.40, 8);
    for (int i = 0; i < 60; i++) {
      view.inFlight[strategy.pick(new RequestView("m", null, null), view)]++;
    }

    assertThat(view.inFlight[0]).isBetween(24, 28);
    assertThat(view.inFlight[1]).isBetween(24, 28);
    assertThat(view.inFlight[2]).isBetween(24, 28);
  }

  @Test
  void aCandidateThatIsNotKnownIsNeitherSoughtNorAvoided() {
    var view = new TestView(0, 0, 0);
    view.engine[0] = usage(0.2, 0);
    view.engine[2] = usage(0.8, 0);

    assertThat(view.picks(strategy, 10)).containsExactly(10, 0, 0);
    assertThat(view.unknown).containsEntry("least-kv-cache", 10);

    view.engine[0] = EngineSignals.UNKNOWN;
    view.engine[1] = usage(0.9, 0);
    int[] picks = view.picks(strategy, 10);
    assertThat(picks).containsExactly(0, 0, 10);
  }

  @Test
  void whereNothingIsKnownTheFewestInFlightDecide() {
    var view = new TestView(4, 2, 3);

    assertThat(view.picks(strategy, 50)).containsExactly(0, 50, 0);
    assertThat(view.unknown).containsEntry("least-kv-cache", 150);
  }
}
