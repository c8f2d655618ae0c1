package io.pointsman.e2e.replay;

import java.util.Random;

/**
 * A log-normal distribution with both tails cut: many small values, few large ones, as lengths of
 * texts and thinking times are.
 *
 * @param median half of the values lie below
 * @param sigma standard deviation of the logarithm
 * @param min smaller values become this one
 * @param max larger values become this one
 */
record LogNormal(double median, double sigma, double min, double max) {
  LogNormal {
    if (!(median > 0 && sigma >= 0 && min <= median && median <= max)) {
      throw new IllegalArgumentException("not a log-normal distribution: median " + median);
    }
  }

  double sample(Random random) {
    double value = median * StrictMath.exp(sigma * random.nextGaussian());
    return Math.min(max, Math.max(min, value));
  }

  int sampleInt(Random random) {
    return (int) Math.round(sample(random));
  }
}
