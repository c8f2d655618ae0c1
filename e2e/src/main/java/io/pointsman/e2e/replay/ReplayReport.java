package io.pointsman.e2e.replay;

import com.google.errorprone.annotations.FormatMethod;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The results as Markdown and as a picture. */
final class ReplayReport {
  private static final String PREFIX_CACHE = "prefix-cache";
  private static final String RANDOM = "random";
  private static final double REPLICAS_GOAL = 0.95;
  private static final double FIRST_TOKEN_GOAL = 0.5;

  private final Trace trace;
  private final TraceStatistics statistics;
  private final Cluster cluster;
  private final List<Summary> summaries;

  ReplayReport(Trace trace, TraceStatistics statistics, Cluster cluster, List<Summary> summaries) {
    this.trace = trace;
    this.statistics = statistics;
    this.cluster = cluster;
    this.summaries = List.copyOf(summaries);
  }

  /** Table, goals, and what was measured where. */
  String markdown(String machine) {
    var out = new StringBuilder();
    out.append(
        "| Strategy | Plugin replicas | Hit ratio | Of the ideal | TTFT p50 | TTFT p99 "
            + "| Prefill load, mean / busiest pod | Requests | Errors |\n"
            + "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for (Summary summary : summaries) {
      add(
          out,
          "| `%s` | %d | %.1f %% | %.1f %% | %.0f ms | %.0f ms | %.0f %% / %.0f %% | %d | %d |\n",
          summary.configuration().strategy(),
          summary.configuration().replicas(),
          100 * summary.hitRatio(),
          100 * summary.hitRatio() / statistics.idealHitRatio(),
          summary.firstTokenP50Millis(),
          summary.firstTokenP99Millis(),
          100 * summary.meanLoad(),
          100 * summary.maxLoad(),
          summary.requests(),
          summary.errors());
    }
    out.append('\n');
    goals(out);
    conditions(out, machine);
    return out.toString();
  }

  /** Bars for the hit ratio and both percentiles. */
  String svg() {
    var names = summaries.stream().map(summary -> barName(summary.configuration())).toList();
    return new BarChart(
            "Replay of %d requests over %d pods".formatted(statistics.requests(), cluster.pods()),
            names,
            List.of(
                new BarChart.Panel(
                    "KV cache hit ratio (more is better)",
                    "prompt tokens found in the cache, %",
                    summaries.stream().map(summary -> 100 * summary.hitRatio()).toList(),
                    100 * statistics.idealHitRatio(),
                    "ideal: one pod, unlimited cache",
                    "%.0f"),
                new BarChart.Panel(
                    "TTFT, median (less is better)",
                    "time to first token, ms",
                    summaries.stream().map(Summary::firstTokenP50Millis).toList(),
                    Double.NaN,
                    "",
                    "%.0f"),
                new BarChart.Panel(
                    "TTFT, 99th percentile (less is better)",
                    "time to first token, ms",
                    summaries.stream().map(Summary::firstTokenP99Millis).toList(),
                    Double.NaN,
                    "",
                    "%.0f")))
        .svg();
  }

  private void goals(StringBuilder out) {
    var alone = find(PREFIX_CACHE, 1);
    find(PREFIX_CACHE, 4)
        .ifPresent(
            four -> {
              alone.ifPresent(
                  one -> {
                    double ratio = four.hitRatio() / one.hitRatio();
                    add(
                        out,
                        "- prefix-cache with 4 replicas has %.1f %% of the hit ratio with 1 (goal:"
                            + " at least %.0f %%): %s\n",
                        100 * ratio,
                        100 * REPLICAS_GOAL,
                        ratio >= REPLICAS_GOAL ? "met" : "missed");
                  });
              find(RANDOM, 1)
                  .ifPresent(
                      random -> {
                        double ratio = four.firstTokenP50Millis() / random.firstTokenP50Millis();
                        add(
                            out,
                            "- prefix-cache with 4 replicas has %.0f %% of random's median TTFT"
                                + " (goal: at most %.0f %%): %s\n",
                            100 * ratio,
                            100 * FIRST_TOKEN_GOAL,
                            ratio <= FIRST_TOKEN_GOAL ? "met" : "missed");
                      });
            });
  }

  private void conditions(StringBuilder out, String machine) {
    TraceSettings settings = trace.settings();
    double seconds = settings.seconds();
    add(
        out,
        "- Trace: seed %d, %.0f s, %d requests of %d conversations with %d system prompts, %.0f"
            + " prompt and %.0f answer tokens on average. Ideal hit ratio (one pod, unlimited"
            + " cache): %.1f %%. Without any hit it would keep the pods busy for %.0f %% of its"
            + " duration.\n",
        settings.seed(),
        seconds,
        statistics.requests(),
        statistics.conversations(),
        statistics.templates(),
        (double) statistics.promptTokens() / statistics.requests(),
        (double) statistics.answerTokens() / statistics.requests(),
        100 * statistics.idealHitRatio(),
        100 * statistics.promptTokens() / (seconds * cluster.prefillRate() * cluster.pods()));
    add(
        out,
        "- Model: %d pods, each computes %.0f prompt tokens/s, one prompt after the other, %.0f"
            + " answer tokens/s for each request, and keeps %d blocks (%.0f %% of the trace's %d"
            + " distinct blocks ÷ %d).\n",
        cluster.pods(),
        cluster.prefillRate(),
        cluster.decodeRate(),
        cluster.cacheBlocks(),
        100 * Cluster.CACHE_SHARE,
        statistics.distinctBlocks(),
        cluster.pods());
    if (cluster.timeScale() != 1) {
      add(
          out,
          "- Time runs %s times as fast as in the trace, for the pods as well, in every"
              + " configuration. Times above are the trace's, so all that is not the pods' (client,"
              + " Envoy, plugin, this machine's shortage of processors) counts %1$s times.\n",
          plain(cluster.timeScale()));
    }
    for (Summary summary : summaries) {
      add(
          out,
          "- %s: %d turns waited for the previous answer's end; the client added %.0f ms at the 99th"
              + " percentile.\n",
          summary.configuration(),
          summary.waited(),
          summary.clientLagP99Millis());
    }
    add(out, "- Taken on: %s.\n", machine);
  }

  private Optional<Summary> find(String strategy, int replicas) {
    return summaries.stream()
        .filter(summary -> summary.configuration().equals(new Configuration(strategy, replicas)))
        .findFirst();
  }

  // A bar is narrow: a strategy's words stand below each other.
  private static String barName(Configuration configuration) {
    int replicas = configuration.replicas();
    return configuration.strategy().replace("-", "-\n")
        + "\n"
        + (replicas == 1 ? "1 replica" : replicas + " replicas");
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
  }

  @FormatMethod
  private static void add(StringBuilder out, String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments));
  }
}
