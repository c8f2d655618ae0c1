package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PowerOfTwoStrategyTest {
  private final PowerOfTwoStrategy strategy = new PowerOfTwoStrategy();

  @Test
  void theLessLoadedOfTwoWinsSoTheMostLoadedIsNeverPicked() {
    int[] picks = new TestView(3, 9, 1, 5).picks(strategy, 6_000);

    // Of the six pairs the least loaded is in three, the next in two more, the third in one more.
    assertThat(picks[1]).isZero();
    assertThat(picks[2]).isBetween(2_850, 3_150);
    assertThat(picks[0]).isBetween(1_850, 2_150);
    assertThat(picks[3]).isBetween(850, 1_150);
  }

  @Test
  void equalsHaveTheSameChance() {
    int[] picks = new TestView(2, 2, 2, 2, 2).picks(strategy, 10_000);

    assertThat(ChiSquare.statistic(picks)).isLessThan(ChiSquare.limit(5));
  }

  @Test
  void theOnlyCandidateIsPicked() {
    assertThat(new TestView(7).picks(strategy, 10)).containsExactly(10);
  }
}
