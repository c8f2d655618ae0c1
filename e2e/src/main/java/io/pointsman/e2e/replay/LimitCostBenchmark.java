package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Stack;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures what limits add to the CPU time that the plugin takes for a request: requests whose key
 * and profile have no limits, such with limits of requests (in a second and in flight of the
 * profile, in a minute and in flight of the key), and such with a budget of tokens as well, whose
 * answers are JSON or streamed. The limits are leased from Redis, a few times what is sent, and
 * never reached. Kinds take turns with one plugin, whose process time the system tells.
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
public final class LimitCostBenchmark extends Benchmark {
  private static final String MODEL = "llama-3-8b";
  private static final int[] PROMPTS = {2_048, 16_384};
  private static final int DIFFERENT_PROMPTS = 64;
  private static final int IN_FLIGHT = 16;
  private static final int PODS = 10;

  /** Of a streamed answer. So many messages take their time: fewer such requests are sent. */
  private static final int EVENTS = 50;

  private static final int STREAMED_PART = 8;

  /** A lease can come too late, above all while the plugin is cold. */
  private static final double MOST_REFUSED = 0.02;

  /** Limits that a request with limits of requests has. */
  private static final int LIMITS = 4;

  private static final String PROFILES =
      """
      {"profiles": {"default": {}, \
      "limited": {"requestsPerSecond": 50000, "requestsInflight": 1000}}}""";

  private static final RequestLoad.Kind UNLIMITED = kind("unlimited", "default", List.of());
  private static final RequestLoad.Kind REQUESTS = kind("by-requests", "limited", List.of());
  private static final RequestLoad.Kind TOKENS =
      kind("by-tokens", "limited", SampleAnswers.whole());
  private static final RequestLoad.Kind STREAMED =
      kind("by-tokens", "limited", SampleAnswers.streamed(EVENTS));

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "40",
      description = "Rounds for each length of prompts. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--warm-up-rounds",
      paramLabel = "N",
      defaultValue = "15",
      description = "Rounds before that. Default: ${DEFAULT-VALUE}.")
  private int warmUpRounds;

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "4000",
      description = "Requests of each kind in a round. Default: ${DEFAULT-VALUE}.")
  private int requests;

  private LimitCostBenchmark() {}

  /** Runs the benchmark; the script beside it sets the system properties. */
  public static void main(String[] args) {
    run(new CommandLine(new LimitCostBenchmark()), args);
  }

  private static RequestLoad.Kind kind(String key, String profile, List<ProcessingRequest> answer) {
    return new RequestLoad.Kind(
        Map.of(
            "authorization",
            "Bearer " + key,
            "config-profile",
            profile,
            "routing-strategy",
            "prefix-cache"),
        answer);
  }

  @Override
  public Integer call() throws IOException {
    Path keys =
        write(
            "limits-keys.yaml",
            "keys:\n"
                + key("unlimited", "")
                + key("by-requests", ", requestsPerMinute: 3000000, requestsInFlight: 1000")
                + key(
                    "by-tokens",
                    ", requestsPerMinute: 3000000, requestsInFlight: 1000,"
                        + " tokensPerMinute: 15000000000"));
    try (Stack stack =
        Stack.named("limits")
            .target(target())
            .model(MODEL, 1)
            .plugins(1)
            .pluginFlags("--api-keys-file=" + keys)
            .pluginJvmOptions(
                "-XX:TieredStopAtLevel=4", "-XX:-UseSerialGC", "-XX:+UseG1GC", "-Xmx512m")
            .progress(out::println)
            .start()) {
      usePods(stack, MODEL, PODS, PROFILES);
      var report = new LimitCostReport();
      for (int prompt : PROMPTS) {
        out.println("measuring prompts of %d bytes".formatted(prompt));
        report.add(prompt, measure(stack.plugin(), prompt));
      }
      String markdown = report.markdown(rounds, requests, Machine.describe());
      report("limits.md", markdown);
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
    var kinds = new RequestLoad.Kind[] {UNLIMITED, REQUESTS, TOKENS, STREAMED};
    var costs = new double[kinds.length];
    for (int i = 0; i < kinds.length; i++) {
      int kind = forth ? i : kinds.length - 1 - i;
      int count = kinds[kind].equals(STREAMED) ? requests / STREAMED_PART : requests;
      costs[kind] = cost(plugin, load, kinds[kind], count);
    }
    return new LimitCostReport.Round(costs[0], costs[1], costs[2], costs[3]);
  }

  /** Microseconds of CPU time for a request. */
  private static double cost(
      PluginProcess plugin, RequestLoad load, RequestLoad.Kind kind, int count) {
    double charged = plugin.metric("pointsman_limit_decisions_total");
    Duration before = plugin.process().cpuTime();
    int refused = load.send(kind, count);
    Duration taken = plugin.process().cpuTime().minus(before);
    charged = plugin.metric("pointsman_limit_decisions_total") - charged;
    boolean asMeant = kind.equals(UNLIMITED) ? charged == 0 : charged >= LIMITS * (count - refused);
    if (!asMeant || refused > count * MOST_REFUSED) {
      throw new IllegalStateException(
          "%.0f decisions on limits for %d requests, %d refused"
              .formatted(charged, count, refused));
    }
    return taken.toNanos() / 1e3 / count;
  }

  private static ByteString body(String prompt) {
    return ByteString.copyFromUtf8(
        new TraceRequest(0, 0, 0, 0, List.of(new Message("user", prompt)), 200).body(MODEL));
  }
}
