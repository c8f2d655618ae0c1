package io.pointsman.e2e.replay;

import java.util.Arrays;

/** Exact percentiles by nearest rank. */
final class Percentiles {
  private final double[] sorted;

  Percentiles(double[] values) {
    sorted = values.clone();
    Arrays.sort(sorted);
  }

  /**
   * The smallest value that at least this part of all values does not exceed; NaN if there is none.
   *
   * @param percent above 0, at most 100
   */
  double at(double percent) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    int rank = (int) Math.ceil(percent / 100 * sorted.length);
    return sorted[Math.max(1, rank) - 1];
  }
}
