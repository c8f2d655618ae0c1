package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pointsman.plugin.endpoint.Profile;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrategyTest {
  private static final RequestView REQUEST = new RequestView("m", null, null);

  /** Candidates whose counts a test sets. */
  private static class FixedView implements CandidateView {
    final int[] inFlight;
    final RandomGenerator random;

    FixedView(RandomGenerator random, int... inFlight) {
      this.inFlight = inFlight;
      this.random = random;
    }

    @Override
    public int size() {
      return inFlight.length;
    }

    @Override
    public int inFlight(int i) {
      return inFlight[i];
    }

    @Override
    public int uncertainty(int i) {
      return 0;
    }

    @Override
    public double[] scratch(int row) {
      throw new AssertionError("not used");
    }

    @Override
    public RandomGenerator random() {
      return random;
    }
  }

  private static int[] picks(RoutingStrategy strategy, CandidateView view, int rounds) {
    int[] picks = new int[view.size()];
    for (int i = 0; i < rounds; i++) {
      picks[strategy.pick(REQUEST, view)]++;
    }
    return picks;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 10, 100})
  void randomGivesEachCandidateTheSameChance(int size) {
    var view = new FixedView(new SplittableRandom(42), new int[size]);

    int[] picks = picks(new RandomStrategy(), view, 1_000 * size);

    assertThat(ChiSquare.statistic(picks)).isLessThan(ChiSquare.limit(size));
  }

  @Test
  void theChiSquareTestWouldSeeAUnevenChance() {
    int[] uneven = new int[10];
    Arrays.fill(uneven, 1_000);
    uneven[0] = 1_200;
    uneven[1] = 800;

    assertThat(ChiSquare.statistic(uneven)).isGreaterThan(ChiSquare.limit(10));
    assertThat(ChiSquare.limit(11)).isBetween(29.4, 29.8);
  }

  @Test
  void leastRequestTakesTheOneWithTheFewest() {
    var view = new FixedView(new SplittableRandom(1), 5, 3, 7, 3_000_000, 2, 4);

    assertThat(picks(new LeastRequestStrategy(), view, 100)).containsExactly(0, 0, 0, 0, 100, 0);
  }

  @Test
  void leastRequestGivesEqualsTheSameChance() {
    var view = new FixedView(new SplittableRandom(3), 1, 9, 1, 1, 9, 1, 1, 9, 9, 1);

    int[] picks = picks(new LeastRequestStrategy(), view, 6_000);

    assertThat(new int[] {picks[1], picks[4], picks[7], picks[8]}).containsOnly(0);
    int[] equals = {picks[0], picks[2], picks[3], picks[5], picks[6], picks[9]};
    assertThat(ChiSquare.statistic(equals)).isLessThan(ChiSquare.limit(6));
  }

  @Test
  void aProfileMayWidenWhatLeastRequestTakesForEqual() {
    var profile =
        new Profile(
            "p",
            null,
            Profile.Hints.NONE,
            Profile.Limits.NONE,
            Profile.Prefill.NONE,
            Profile.PrefixCache.NONE,
            2);
    var request = new RequestView("m", null, profile);
    var view = new FixedView(new SplittableRandom(3), 3, 4, 2, 5);
    int[] picks = new int[4];
    for (int i = 0; i < 3_000; i++) {
      picks[new LeastRequestStrategy().pick(request, view)]++;
    }

    assertThat(picks[3]).isZero();
    assertThat(ChiSquare.statistic(new int[] {picks[0], picks[1], picks[2]}))
        .isLessThan(ChiSquare.limit(3));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void leastRequestAgreesWithAPlainMinimum(long seed) {
    var random = new SplittableRandom(seed);
    for (int round = 0; round < 5_000; round++) {
      int[] inFlight = random.ints(1 + random.nextInt(40), 0, 6).toArray();
      var view = new FixedView(random, inFlight);

      int pick = new LeastRequestStrategy().pick(REQUEST, view);

      assertThat(inFlight[pick])
          .as("seed %d: %s", seed, Arrays.toString(inFlight))
          .isEqualTo(Arrays.stream(inFlight).min().orElseThrow());
    }
  }

  @Test
  void leastRequestLooksAgainIfTheOneItDrewIsBusyMeanwhile() {
    var view =
        new FixedView(() -> 0L, 1, 1) {
          private int reads;

          @Override
          public int inFlight(int i) {
            reads++;
            // Both were equal in the first pass; then both took another request.
            return reads <= 2 ? 1 : i == 0 ? 3 : 2;
          }
        };

    assertThat(new LeastRequestStrategy().pick(REQUEST, view)).isEqualTo(1);
  }

  @Test
  void theOnlyCandidateIsPicked() {
    var view = new FixedView(new SplittableRandom(1), 17);

    for (RoutingStrategy strategy : List.of(new RandomStrategy(), new LeastRequestStrategy())) {
      assertThat(strategy.pick(REQUEST, view)).as(strategy.name()).isZero();
      assertThat(strategy.needsPrompt()).as(strategy.name()).isFalse();
    }
  }

  @Test
  void theStandardCatalogKnowsItsStrategiesByExactName() {
    StrategyCatalog catalog = StrategyCatalog.standard();

    assertThat(catalog.names()).contains("least-request", "random");
    assertThat(catalog.isKnown("random")).isTrue();
    assertThat(catalog.isKnown("Random")).isFalse();
    assertThat(catalog.find("least-request")).isInstanceOf(LeastRequestStrategy.class);
    assertThat(catalog.find("random:1,least-request:2")).isNull();
  }

  @Test
  void aCatalogWithTwoOfOneNameOrWithoutTheDefaultIsRefused() {
    var random = new RandomStrategy();
    assertThatThrownBy(() -> new StrategyCatalog(List.of(random, random)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("two strategies are named random");
    assertThatThrownBy(() -> new StrategyCatalog(List.of(new LeastRequestStrategy())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no strategy is named random");
  }
}
