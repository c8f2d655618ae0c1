package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrefixCacheStrategyTest {
  private static final RequestView REQUEST = new RequestView("m", null, null);

  private final PrefixCacheStrategy strategy = new PrefixCacheStrategy(PrefixCacheRules.DEFAULTS);

  /** Candidates whose load, match and warmth a test sets. */
  private static final class View implements CandidateView {
    private final int[] inFlight;
    private final int[] matched;
    private final double[] warmth;
    private final RandomGenerator random = new SplittableRandom(3);

    View(int[] inFlight, int[] matched) {
      this(inFlight, matched, DoubleStream.generate(() -> 1).limit(inFlight.length).toArray());
    }

    View(int[] inFlight, int[] matched, double[] warmth) {
      this.inFlight = inFlight;
      this.matched = matched;
      this.warmth = warmth;
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
    public int matchedBlocks(int i) {
      return matched[i];
    }

    @Override
    public double warmth(int i) {
      return warmth[i];
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

  private int pick(int[] inFlight, int... matched) {
    return strategy.pick(REQUEST, new View(inFlight, matched));
  }

  private int[] picks(CandidateView view, int rounds) {
    int[] picks = new int[view.size()];
    for (int i = 0; i < rounds; i++) {
      picks[strategy.pick(REQUEST, view)]++;
    }
    return picks;
  }

  @Test
  void theLongestMatchWinsOverASmallerLoad() {
    for (int i = 0; i < 50; i++) {
      assertThat(pick(new int[] {0, 3, 1, 0}, 0, 7, 6, 2)).isEqualTo(1);
    }
  }

  @Test
  void amongEqualMatchesTheFewestInFlightWinThenChance() {
    assertThat(pick(new int[] {4, 2, 3}, 5, 5, 5)).isEqualTo(1);
    int[] picks = picks(new View(new int[] {2, 4, 2}, new int[] {5, 5, 5}), 1_000);
    assertThat(picks[1]).isZero();
    assertThat(picks[0]).isBetween(400, 600);
  }

  @Test
  void anEndpointFarAboveTheLeastLoadedOneIsTooBusy() {
    int[] loads = {17, 0, 16, 16, 16, 16};
    assertThat(pick(loads, 9, 0, 3, 0, 0, 0)).as("17 is more than 0 + 16").isEqualTo(2);
    loads[0] = 16;
    assertThat(pick(loads, 9, 0, 3, 0, 0, 0)).isEqualTo(0);
  }

  @Test
  void anEndpointFarAboveTheMeanIsTooBusy() {
    // Mean 2.5 and sample deviation 2.32: the gate is at 7.1.
    assertThat(pick(new int[] {9, 2, 2, 2, 2, 2, 2, 2, 2, 2}, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0))
        .isEqualTo(1);
  }

  @Test
  void withNextToNoLoadAffinityIsKept() {
    assertThat(pick(new int[] {4, 0, 0, 0, 0, 0, 0, 0}, 9, 0, 0, 0, 0, 0, 0, 0)).isZero();
    assertThat(pick(new int[] {5, 0, 0, 0, 0, 0, 0, 0}, 9, 0, 0, 0, 0, 0, 0, 0)).isPositive();
  }

  @Test
  void aMatchThatIsTooShortDoesNotCount() {
    var strict = new PrefixCacheStrategy(new PrefixCacheRules(16, 2, 4, 4, Duration.ZERO));
    assertThat(strict.pick(REQUEST, new View(new int[] {2, 0}, new int[] {3, 0}))).isEqualTo(1);
    assertThat(strict.pick(REQUEST, new View(new int[] {2, 0}, new int[] {4, 0}))).isZero();
  }

  @Test
  void unmatchedPromptsGoToTheLeastLoadedAndAreSpread() {
    int[] picks = picks(new View(new int[] {1, 0, 0, 3}, new int[4]), 1_000);
    assertThat(picks[0] + picks[3]).isZero();
    assertThat(picks[1]).isBetween(400, 600);
  }

  @Test
  void aNewEndpointDoesNotDrawEverything() {
    int[] loads = {10, 10, 10, 0};
    var cold = new View(loads, new int[4], new double[] {1, 1, 1, 0});
    assertThat(picks(cold, 100)[3]).as("0 counts as 8.5, the mean and one more").isEqualTo(100);
    int[] shared = {10, 10, 10, 3};
    var filling = new View(shared, new int[4], new double[] {1, 1, 1, 0});
    assertThat(picks(filling, 100)[3]).as("3 counts as 12.25").isZero();
    var warm = new View(shared, new int[4], new double[] {1, 1, 1, 0.5});
    assertThat(picks(warm, 100)[3]).as("3 counts as 7.6 half way").isEqualTo(100);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void thePickIsNeverAboveTheGateWhateverTheLoads(long seed) {
    var random = new SplittableRandom(seed);
    for (int round = 0; round < 500; round++) {
      int size = random.nextInt(1, 20);
      int[] loads = random.ints(size, 0, 40).toArray();
      int[] matches = random.ints(size, 0, 4).toArray();
      int least = Integer.MAX_VALUE;
      double mean = 0;
      for (int load : loads) {
        least = Math.min(least, load);
        mean += (double) load / size;
      }
      double squares = 0;
      for (int load : loads) {
        squares += (load - mean) * (load - mean);
      }
      double deviation = size == 1 ? 0 : Math.sqrt(squares / (size - 1));
      double gate = Math.max(4, Math.min(mean + 2 * deviation, least + 16));
      int chosen = pick(loads, matches);
      assertThat((double) loads[chosen]).as("seed %s", seed).isLessThanOrEqualTo(gate + 1e-9);
      int best = 0;
      for (int i = 0; i < size; i++) {
        if (loads[i] <= gate) {
          best = Math.max(best, matches[i]);
        }
      }
      assertThat(matches[chosen]).as("seed %s", seed).isEqualTo(best == 0 ? matches[chosen] : best);
    }
  }
}
