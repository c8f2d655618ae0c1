package io.pointsman.e2e.modelserver;

import java.util.Locale;

/**
 * The engine's figures under the names of vLLM's V1 metrics, in Prometheus' text format.
 * Thread-safe.
 */
final class EngineMetrics {
  private static final double NANOS = 1e9;

  private final String label;
  private final int cacheBlocks;
  private final Histogram timeToFirstToken =
      new Histogram(
          0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20,
          40, 80, 160);
  private final Histogram interTokenLatency =
      new Histogram(
          0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10);
  private final Histogram requestLatency =
      new Histogram(0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240);
  private final Histogram queueTime =
      new Histogram(0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240);
  private int running;
  private int waiting;
  private double cacheUsage;
  private long prefixQueries;
  private long prefixHits;
  private long promptTokens;
  private long generationTokens;
  private long finished;
  private long aborted;

  EngineMetrics(String model, int cacheBlocks) {
    this.label = "engine=\"0\",model_name=\"" + model + "\"";
    this.cacheBlocks = cacheBlocks;
  }

  synchronized void load(int running, int waiting, double cacheUsage) {
    this.running = running;
    this.waiting = waiting;
    this.cacheUsage = cacheUsage;
  }

  synchronized void queued(long nanos) {
    queueTime.record(nanos / NANOS);
  }

  synchronized void prefixLookup(int tokens, int cachedTokens) {
    prefixQueries += tokens;
    prefixHits += cachedTokens;
  }

  synchronized void firstToken(long nanosSinceArrival, int tokens) {
    timeToFirstToken.record(nanosSinceArrival / NANOS);
    promptTokens += tokens;
  }

  synchronized void finished(long nanos, long decodeNanos, int tokens) {
    finished++;
    generationTokens += tokens;
    requestLatency.record(nanos / NANOS);
    if (tokens > 1) {
      interTokenLatency.record(decodeNanos / NANOS / (tokens - 1));
    }
  }

  synchronized void aborted() {
    aborted++;
  }

  synchronized int running() {
    return running;
  }

  synchronized int waiting() {
    return waiting;
  }

  /** Prompt tokens that were found in the cache. */
  synchronized long cachedTokens() {
    return prefixHits;
  }

  synchronized long abortedRequests() {
    return aborted;
  }

  /** All of it in Prometheus' text format. */
  synchronized String scrape() {
    var out = new StringBuilder(4096);
    gauge(out, "vllm:num_requests_running", running);
    gauge(out, "vllm:num_requests_waiting", waiting);
    gauge(out, "vllm:kv_cache_usage_perc", cacheUsage);
    counter(out, "vllm:prefix_cache_queries_total", prefixQueries);
    counter(out, "vllm:prefix_cache_hits_total", prefixHits);
    counter(out, "vllm:prompt_tokens_total", promptTokens);
    counter(out, "vllm:generation_tokens_total", generationTokens);
    counter(out, "vllm:num_preemptions_total", 0);
    type(out, "vllm:request_success_total", "counter");
    sample(out, "vllm:request_success_total", label + ",finished_reason=\"length\"", finished);
    sample(out, "vllm:request_success_total", label + ",finished_reason=\"abort\"", aborted);
    type(out, "vllm:cache_config_info", "gauge");
    sample(
        out,
        "vllm:cache_config_info",
        "block_size=\"%d\",engine=\"0\",num_gpu_blocks=\"%d\""
            .formatted(KvCache.BLOCK_TOKENS, cacheBlocks),
        1);
    histogram(out, "vllm:time_to_first_token_seconds", timeToFirstToken);
    histogram(out, "vllm:inter_token_latency_seconds", interTokenLatency);
    histogram(out, "vllm:e2e_request_latency_seconds", requestLatency);
    histogram(out, "vllm:request_queue_time_seconds", queueTime);
    return out.toString();
  }

  private void gauge(StringBuilder out, String name, Number value) {
    type(out, name, "gauge");
    sample(out, name, label, value);
  }

  private void counter(StringBuilder out, String name, long value) {
    type(out, name, "counter");
    sample(out, name, label, value);
  }

  private void histogram(StringBuilder out, String name, Histogram histogram) {
    type(out, name, "histogram");
    long below = 0;
    for (int i = 0; i < histogram.bounds.length; i++) {
      below += histogram.counts[i];
      sample(out, name + "_bucket", label + ",le=\"" + histogram.bounds[i] + "\"", below);
    }
    sample(out, name + "_bucket", label + ",le=\"+Inf\"", histogram.count);
    sample(out, name + "_sum", label, histogram.sum);
    sample(out, name + "_count", label, histogram.count);
  }

  private static void type(StringBuilder out, String name, String type) {
    out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  private static void sample(StringBuilder out, String name, String labels, Number value) {
    out.append(String.format(Locale.ROOT, "%s{%s} %s\n", name, labels, value));
  }

  private static final class Histogram {
    private final double[] bounds;
    private final long[] counts;
    private long count;
    private double sum;

    private Histogram(double... bounds) {
      this.bounds = bounds;
      this.counts = new long[bounds.length];
    }

    private void record(double value) {
      count++;
      sum += value;
      for (int i = 0; i < bounds.length; i++) {
        if (value <= bounds[i]) {
          counts[i]++;
          return;
        }
      }
    }
  }
}
