package io.pointsman.e2e.replay;

/**
 * The fixed model that every configuration is replayed against.
 *
 * @param pods sample model servers
 * @param prefillRate prompt tokens that a pod computes per second, in trace time
 * @param decodeRate answer tokens per second for each request, in trace time
 * @param cacheBlocks KV cache of each pod
 * @param timeScale seconds of the trace that pass in a second
 */
record Cluster(int pods, double prefillRate, double decodeRate, int cacheBlocks, double timeScale) {
  private static final int PODS = 8;
  private static final double PREFILL_RATE = 4_000;

  /** All pods' caches together, of the trace's distinct blocks. */
  static final double CACHE_SHARE = 0.3;

  static Cluster forTrace(TraceSettings settings, TraceStatistics statistics, double timeScale) {
    int cacheBlocks = (int) (statistics.distinctBlocks() * CACHE_SHARE / PODS);
    return new Cluster(PODS, PREFILL_RATE, settings.decodeRate(), cacheBlocks, timeScale);
  }
}
