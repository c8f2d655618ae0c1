package io.pointsman.e2e.replay;

import java.util.Arrays;
import java.util.Random;

/** Ranks from 0, of which rank r comes up in proportion to 1 / (r + 1)^exponent. */
final class Zipf {
  private final double[] cumulative;

  Zipf(int ranks, double exponent) {
    cumulative = new double[ranks];
    double sum = 0;
    for (int rank = 0; rank < ranks; rank++) {
      sum += StrictMath.pow(rank + 1, -exponent);
      cumulative[rank] = sum;
    }
  }

  int sample(Random random) {
    double target = random.nextDouble() * cumulative[cumulative.length - 1];
    int found = Arrays.binarySearch(cumulative, target);
    return found >= 0 ? Math.min(found + 1, cumulative.length - 1) : -found - 1;
  }

  /** The part of all draws that is this rank. */
  double probability(int rank) {
    double below = rank == 0 ? 0 : cumulative[rank - 1];
    return (cumulative[rank] - below) / cumulative[cumulative.length - 1];
  }
}
