package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LeastBusyTimeStrategyTest {
  private final LeastBusyTimeStrategy strategy = new LeastBusyTimeStrategy();

  @Test
  void theSmallestShareWinsWhateverIsInFlightNow() {
    var view = new TestView(0, 9, 0);
    view.busy[0] = 0.5;
    view.busy[1] = 0.2;
    view.busy[2] = 0.9;

    assertThat(view.picks(strategy, 50)).containsExactly(0, 50, 0);
  }

  @Test
  void whoeverIsBusyAllTheTimeIsComparedByRequests() {
    var view = new TestView(5, 3, 4);
    view.busy[0] = 1;
    view.busy[1] = 1;
    view.busy[2] = 1;

    assertThat(view.picks(strategy, 50)).containsExactly(0, 50, 0);
    assertThat(view.unknown).isEmpty();
  }

  @Test
  void aNewCandidateIsTakenForAverage() {
    var view = new TestView(0, 0, 0);
    view.busy[0] = 0.5;
    view.busy[1] = 0.1;

    assertThat(view.picks(strategy, 50)).containsExactly(0, 50, 0);
    assertThat(view.unknown).containsEntry("least-busy-time", 50);
  }
}
