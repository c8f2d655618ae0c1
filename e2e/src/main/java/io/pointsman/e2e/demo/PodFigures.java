package io.pointsman.e2e.demo;

import java.util.Arrays;

/** What clients saw of one pod. Thread-safe. */
final class PodFigures {
  private static final int KEPT = 1024;

  private final double[] latest = new double[KEPT];
  private long requests;
  private long errors;

  synchronized void add(boolean good, double millis) {
    latest[(int) (requests % KEPT)] = millis;
    requests++;
    if (!good) {
      errors++;
    }
  }

  synchronized long requests() {
    return requests;
  }

  synchronized long errors() {
    return errors;
  }

  /** A quantile, 0 to 1, of the latest answers' times in milliseconds; NaN if there are none. */
  synchronized double quantile(double q) {
    int count = (int) Math.min(requests, KEPT);
    if (count == 0) {
      return Double.NaN;
    }
    double[] sorted = Arrays.copyOf(latest, count);
    Arrays.sort(sorted);
    return sorted[Math.max(0, (int) Math.ceil(q * count) - 1)];
  }
}
