package io.pointsman.e2e.replay;

import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Compares strategies by one trace: for each of them a fresh Envoy, Redis, controller, plugin
 * replicas and model servers with empty caches, and the same requests at the same times.
 */
@Command(
    name = "replay.sh",
    sortOptions = false,
    description = {
      "Replays a synthetic trace of conversations through Envoy and the plugin over 8 sample model"
          + " servers with KV caches, once for each configuration, and compares hit ratio and time"
          + " to first token. Writes replay.md and replay.svg. Takes some 8 minutes.",
      ""
    })
public final class ReplayBenchmark extends Benchmark {
  private static final String MODEL = "llama-3-8b";
  private static final int CLIENT_THREADS = 2;
  private static final int SHOWN_ERRORS = 3;

  // Tokens sent together: spares this machine work that has nothing to do with routing.
  private static final int STREAM_INTERVAL = 8;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of the trace. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "225",
      description = "Length of the trace, in its own time. Default: ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--time-scale",
      paramLabel = "X",
      defaultValue = "3",
      description =
          "Seconds of the trace that pass in a second, for the model servers as well. Default:"
              + " ${DEFAULT-VALUE}.")
  private double timeScale;

  @Option(
      names = "--run",
      paramLabel = "STRATEGY:REPLICAS",
      split = ",",
      defaultValue = "random:1,least-request:1,prefix-cache:1,prefix-cache:2,prefix-cache:4",
      description = "What to compare. Default: ${DEFAULT-VALUE}.")
  private List<Configuration> configurations = List.of();

  private ReplayBenchmark() {}

  /** Runs the benchmark; the script beside it sets the system properties. */
  public static void main(String[] args) {
    run(
        new CommandLine(new ReplayBenchmark())
            .registerConverter(Configuration.class, Configuration::parse),
        args);
  }

  @Override
  public Integer call() throws IOException {
    Trace trace =
        TraceGenerator.generate(TraceSettings.realistic(seed, Duration.ofSeconds(seconds)));
    var statistics = TraceStatistics.of(trace, MODEL);
    var cluster = Cluster.forTrace(trace.settings(), statistics, timeScale);
    out.println(statistics);
    out.println(cluster);
    var summaries = new ArrayList<Summary>();
    ExecutorService executor = Executors.newFixedThreadPool(CLIENT_THREADS);
    try {
      for (Configuration configuration : configurations) {
        summaries.add(replay(configuration, trace, cluster, executor));
      }
    } finally {
      executor.shutdownNow();
    }
    var report = new ReplayReport(trace, statistics, cluster, summaries);
    report("replay.md", report.markdown(Machine.describe()));
    write("replay.svg", report.svg());
    return 0;
  }

  private Summary replay(
      Configuration configuration, Trace trace, Cluster cluster, ExecutorService executor) {
    out.println();
    out.println(configuration + ": starting");
    try (Stack stack = start(configuration, cluster)) {
      out.println(configuration + ": replaying");
      var client =
          new StreamClient(
              "http://" + stack.envoyAddress(),
              MODEL,
              Map.of("routing-strategy", configuration.strategy()),
              executor);
      List<Outcome> outcomes = Replay.run(trace, client, cluster.timeScale());
      outcomes.stream()
          .filter(outcome -> outcome.error() != null)
          .limit(SHOWN_ERRORS)
          .forEach(outcome -> out.println(configuration + ": " + outcome.error()));
      var summary = Summary.of(configuration, outcomes, cluster, trace.settings().seconds());
      out.println(
          String.format(
              Locale.ROOT,
              "%s: hit ratio %.1f %%, TTFT p50 %.0f ms, p99 %.0f ms, %d errors",
              configuration,
              100 * summary.hitRatio(),
              summary.firstTokenP50Millis(),
              summary.firstTokenP99Millis(),
              summary.errors()));
      return summary;
    }
  }

  private static Stack start(Configuration configuration, Cluster cluster) {
    var servers =
        ServerSettings.realistic(MODEL)
            .withPrefillRate(cluster.prefillRate() * cluster.timeScale())
            .withDecodeRate(cluster.decodeRate() * cluster.timeScale())
            .withCacheBlocks(cluster.cacheBlocks())
            .withStreamInterval(STREAM_INTERVAL);
    return Stack.named("replay")
        .target(target())
        .model(MODEL, cluster.pods(), servers)
        .plugins(configuration.replicas())
        .start();
  }
}
