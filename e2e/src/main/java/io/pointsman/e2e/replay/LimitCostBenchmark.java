package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.ModelsFile;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Stack;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures what limits add to the CPU time that the plugin takes for a request: requests whose key
 * and profile have no limits, such with a limit of each kind that counts requests (in a second, in
 * a minute, in flight), and such with a budget of tokens as well. The limits are leased from Redis
 * and never reached. Kinds take turns with one plugin, whose process time the system tells.
 */
@Command(
    name = "limits.sh",
    sortOptions = false,
    description = {
      "Starts Redis and the plugin and measures the CPU time that the plugin takes for a request"
          + " without limits, with limits of requests, and with a budget of tokens. Writes"
          + " limits.md. Takes some 8 minutes.",
      ""
    })
public final class LimitCostBenchmark implements Callable<Integer> {
  private static final String MODEL = "llama-3-8b";
  private static final Duration READY_LIMIT = Duration.ofSeconds(30);
  private static final int[] PROMPTS = {2_048, 16_384};
  private static final int DIFFERENT_PROMPTS = 64;
  private static final int IN_FLIGHT = 16;
  private static final int PODS = 10;

  private static final String PROFILES =
      """
      {"profiles": {"default": {}, \
      "limited": {"requestsPerSecond": 1000000, "requestsInflight": 1000000}}}""";

  private static final RequestLoad.Kind UNLIMITED = kind("unlimited", "default", false);
  private static final RequestLoad.Kind REQUESTS = kind("by-requests", "limited", false);
  private static final RequestLoad.Kind TOKENS = kind("by-tokens", "limited", true);

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Where limits.md goes. Default: e2e/target/replay.")
  private Path output = Benchmarks.target().resolve("replay");

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "80",
      description = "Rounds for each length of prompts. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--warm-up-rounds",
      paramLabel = "N",
      defaultValue = "20",
      description = "Rounds before that. Default: ${DEFAULT-VALUE}.")
  private int warmUpRounds;

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "4000",
      description = "Requests of each kind in a round. Default: ${DEFAULT-VALUE}.")
  private int requests;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this page.")
  @SuppressWarnings("UnusedVariable") // picocli reads it.
  private boolean help;

  private final PrintStream out;

  private LimitCostBenchmark(PrintStream out) {
    this.out = out;
  }

  /** Runs the benchmark; the script beside it sets the system properties. */
  public static void main(String[] args) {
    Benchmarks.run(new CommandLine(new LimitCostBenchmark(System.out)), args);
  }

  private static RequestLoad.Kind kind(String key, String profile, boolean answerBody) {
    return new RequestLoad.Kind(
        Map.of(
            "authorization",
            "Bearer " + key,
            "config-profile",
            profile,
            "routing-strategy",
            "prefix-cache"),
        answerBody);
  }

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(output);
    Path keys = output.resolve("limits-keys.yaml");
    Files.writeString(
        keys,
        "keys:\n"
            + key("unlimited", "")
            + key("by-requests", ", requestsPerMinute: 100000000, requestsInFlight: 1000000")
            + key(
                "by-tokens",
                ", requestsPerMinute: 100000000, requestsInFlight: 1000000,"
                    + " tokensPerMinute: 100000000000"));
    try (Stack stack =
        Stack.named("limits")
            .target(Benchmarks.target())
            .model(MODEL, 1)
            .plugins(1)
            .pluginFlags("--api-keys-file=" + keys)
            .pluginJvmOptions("-XX:TieredStopAtLevel=4", "-Xmx512m")
            .progress(out::println)
            .start()) {
      usePods(stack);
      var report = new LimitCostReport();
      for (int prompt : PROMPTS) {
        out.println("measuring prompts of %d bytes".formatted(prompt));
        report.add(prompt, measure(stack.plugin(), prompt));
      }
      String markdown = report.markdown(rounds, requests, Machine.describe());
      Benchmarks.tell(markdown, output, "limits.md", out);
    }
    return 0;
  }

  private static String key(String key, String limits) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
      return "  - {name: %s, sha256: %s%s}\n"
          .formatted(key, HexFormat.of().formatHex(hash), limits);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static void usePods(Stack stack) {
    List<String> pods =
        IntStream.rangeClosed(1, PODS).mapToObj(i -> "127.1.0." + i + ":8000").toList();
    stack.modelsFile().write(List.of(new ModelsFile.Model(MODEL, pods, PROFILES)));
    Await.until(
        "the plugin knows the pods",
        READY_LIMIT,
        () ->
            stack.plugin().endpoints().getModelsList().stream()
                .anyMatch(model -> model.getEndpointsCount() == PODS));
  }

  private List<LimitCostReport.Round> measure(PluginProcess plugin, int prompt) {
    var random = new Random(prompt);
    List<ByteString> bodies =
        Stream.generate(() -> body(Words.text(random, prompt / Words.LENGTH)))
            .limit(DIFFERENT_PROMPTS)
            .toList();
    var measured = new ArrayList<LimitCostReport.Round>();
    try (var load = new RequestLoad("127.0.0.1:" + plugin.grpcPort(), bodies, IN_FLIGHT)) {
      for (int round = -warmUpRounds; round < rounds; round++) {
        LimitCostReport.Round costs = round(plugin, load, round % 2 == 0);
        if (round >= 0) {
          measured.add(costs);
        }
      }
    }
    return measured;
  }

  /** One round goes forth and the next back, so that what changes steadily is no difference. */
  private LimitCostReport.Round round(PluginProcess plugin, RequestLoad load, boolean forth) {
    var kinds = new RequestLoad.Kind[] {UNLIMITED, REQUESTS, TOKENS};
    var costs = new double[kinds.length];
    for (int i = 0; i < kinds.length; i++) {
      int kind = forth ? i : kinds.length - 1 - i;
      costs[kind] = cost(plugin, load, kinds[kind]);
    }
    return new LimitCostReport.Round(costs[0], costs[1], costs[2]);
  }

  /** Microseconds of CPU time for a request. */
  private double cost(PluginProcess plugin, RequestLoad load, RequestLoad.Kind kind) {
    Duration before = plugin.process().cpuTime();
    load.send(kind, requests);
    return plugin.process().cpuTime().minus(before).toNanos() / 1e3 / requests;
  }

  private static ByteString body(String prompt) {
    return ByteString.copyFromUtf8(
        new TraceRequest(0, 0, 0, 0, List.of(new Message("user", prompt)), 200).body(MODEL));
  }
}
