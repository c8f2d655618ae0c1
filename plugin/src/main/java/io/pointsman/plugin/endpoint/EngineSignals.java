package io.pointsman.plugin.endpoint;

/**
 * What an engine's metrics page told of one endpoint. Immutable. A figure that the page does not
 * have is NaN.
 *
 * @param freshUntilNanos after this the figures are out of date, by the clock that the registry
 *     goes by
 * @param inFlight requests in flight there by our own count, of all replicas, when the page was
 *     read; lets a strategy tell what has come since
 * @param kvCacheUsage part of the KV cache that is taken, 0 to 1
 * @param utilization the engine's own figure of how busy it is, 0 to 1
 * @param tokensPerSecond tokens generated each second, over the time since the page before
 * @param requestSeconds mean time that a request took, of those that ended lately
 */
public record EngineSignals(
    long freshUntilNanos,
    int inFlight,
    double kvCacheUsage,
    double utilization,
    double tokensPerSecond,
    double requestSeconds) {

  /** Nothing is known. */
  public static final EngineSignals UNKNOWN =
      new EngineSignals(0, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
}
