package io.pointsman.plugin.routing;

/** Pearson's test of whether counts come from equal chances. */
final class ChiSquare {
  private ChiSquare() {}

  /** Sum of (observed - expected)² / expected over all counts. */
  static double statistic(int[] observed) {
    double total = 0;
    for (int count : observed) {
      total += count;
    }
    double expected = total / observed.length;
    double sum = 0;
    for (int count : observed) {
      sum += (count - expected) * (count - expected) / expected;
    }
    return sum;
  }

  /**
   * What the statistic stays below with probability 0.999 where chances are equal, by the
   * approximation of Wilson and Hilferty.
   */
  static double limit(int categories) {
    double degrees = categories - 1;
    double normal = 3.0902;
    double root = 1 - 2 / (9 * degrees) + normal * Math.sqrt(2 / (9 * degrees));
    return degrees * root * root * root;
  }
}
