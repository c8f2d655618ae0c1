package io.pointsman.plugin.endpoint;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * What this replica has seen of one endpoint's work. Times and tokens come from requests, on any
 * thread; what changes with time alone is sampled by {@link EndpointSampler}. Figures that are not
 * known are NaN.
 */
public final class Observations {
  /** Samples that a share is taken of. */
  static final int WINDOW = 100;

  /** With fewer samples nothing is known. */
  private static final int ENOUGH = 10;

  /** Per sample; halves a peak in about an hour of samples each 100 ms. */
  private static final double PEAK_KEPT = 0.99998;

  /** Time in which tokens lose all but 1/e of their weight. */
  private static final double TOKEN_SECONDS = 10;

  private static final double TOKENS_FORGOTTEN_SECONDS = 30;

  private final MovingAverage headerSeconds = new MovingAverage();
  private final MovingAverage streamSeconds = new MovingAverage();
  private final LongAdder tokens = new LongAdder();

  /** The newest sample is the lowest bit of {@code recent}; the sampler alone writes these. */
  private long recent;

  private long older;
  private int samples;
  private double peak;
  private long countedTokens;
  private long sampledNanos;
  private long tokensSeenNanos;

  /** Tokens, and the seconds they took, both with less weight the longer ago. */
  private double weighedTokens;

  private double weighedSeconds;

  private volatile double busyShare = Double.NaN;
  private volatile double peakInFlight = Double.NaN;
  private volatile double tokensPerSecond = Double.NaN;

  /** Response headers of success came so long after the decision. */
  public void headersAfter(long nanos, long now) {
    headerSeconds.add(seconds(nanos), now);
  }

  /** The answer took so long from its headers to its end. */
  public void streamedFor(long nanos, long now) {
    streamSeconds.add(seconds(nanos), now);
  }

  /** The model server has told that it generated so many tokens. */
  public void generated(long count) {
    tokens.add(count);
  }

  /** All tokens that requests of this replica had generated here. */
  public long tokens() {
    return tokens.sum();
  }

  /** How long a request takes here lately, from its decision to its end; headers at least. */
  public double latencySeconds(long now) {
    double stream = streamSeconds.value(now);
    return headerSeconds.value(now) + (Double.isNaN(stream) ? 0 : stream);
  }

  /** Tokens that requests of this replica had generated here each second lately. */
  public double tokensPerSecond() {
    return tokensPerSecond;
  }

  /** Share of the last 10 s in which work was in flight, 0 to 1. */
  public double busyShare() {
    return busyShare;
  }

  /** The most requests that were in flight here at once, of all replicas, slowly forgotten. */
  public double peakInFlight() {
    return peakInFlight;
  }

  /** Takes a sample; one thread, each 100 ms. */
  void sample(int inFlight, long now) {
    older = (older << 1) | (recent >>> 63);
    recent = (recent << 1) | (inFlight > 0 ? 1 : 0);
    samples = Math.min(WINDOW, samples + 1);
    if (samples >= ENOUGH) {
      busyShare = (double) busySamples() / samples;
    }
    peak = Math.max(inFlight, peak * PEAK_KEPT);
    if (peak >= 1) {
      peakInFlight = peak;
    }
    sampleTokens(now);
  }

  private int busySamples() {
    long olderInWindow = older & ((1L << (WINDOW - Long.SIZE)) - 1);
    return Long.bitCount(recent) + Long.bitCount(olderInWindow);
  }

  private void sampleTokens(long now) {
    long sum = tokens.sum();
    long news = sum - countedTokens;
    countedTokens = sum;
    double elapsed = samples == 1 ? 0 : seconds(now - sampledNanos);
    sampledNanos = now;
    double kept = Math.exp(-elapsed / TOKEN_SECONDS);
    weighedTokens = weighedTokens * kept + news;
    weighedSeconds = weighedSeconds * kept + elapsed;
    if (news > 0) {
      tokensSeenNanos = now;
    }
    boolean recently = sum > 0 && seconds(now - tokensSeenNanos) <= TOKENS_FORGOTTEN_SECONDS;
    tokensPerSecond = recently && weighedSeconds > 0 ? weighedTokens / weighedSeconds : Double.NaN;
  }

  private static double seconds(long nanos) {
    return (double) Math.max(0, nanos) / TimeUnit.SECONDS.toNanos(1);
  }
}
