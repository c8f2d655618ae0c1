package io.pointsman.e2e.replay;

import io.pointsman.e2e.harness.RedisProcess;
import io.pointsman.e2e.harness.Stack;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures what plugin replicas tell each other through Redis: how soon a decision of one is
 * followed by the other, what that costs Redis, and what is felt of a Redis that stops. The
 * replicas are asked directly, without Envoy, so that the time of each decision is known.
 */
@Command(
    name = "sharing.sh",
    sortOptions = false,
    description = {
      "Starts Redis and two plugin replicas and measures how soon a prompt that one of them has"
          + " routed is followed by the other, Redis' traffic and memory for each 1,000 requests,"
          + " and how long decisions take while Redis is killed and while it hangs. Writes"
          + " sharing.md. Takes some 3 minutes.",
      ""
    })
public final class PrefixSharingBenchmark extends Benchmark {
  private static final String MODEL = "llama-3-8b";
  private static final Duration TRACE = Duration.ofMinutes(20);
  private static final int WARM_UP = 100;

  // So many that two replicas seldom pick the same one by chance. Nothing listens there.
  private static final int PODS = 64;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Prompts taught and followed, idle and under load. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "4000",
      description = "Requests over which Redis is watched. Default: ${DEFAULT-VALUE}.")
  private int requests;

  @Option(
      names = "--outage-requests",
      paramLabel = "N",
      defaultValue = "1500",
      description = "Requests before, during and after each outage. Default: ${DEFAULT-VALUE}.")
  private int outageRequests;

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "100",
      description = "Requests per second under load. Default: ${DEFAULT-VALUE}.")
  private double rate;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of prompts and trace. Default: ${DEFAULT-VALUE}.")
  private long seed;

  private PrefixSharingBenchmark() {}

  /** Runs the benchmark; the script beside it sets the system properties. */
  public static void main(String[] args) {
    run(new CommandLine(new PrefixSharingBenchmark()), args);
  }

  @Override
  public Integer call() throws IOException {
    Trace trace = TraceGenerator.generate(TraceSettings.realistic(seed, TRACE));
    try (Stack stack =
        Stack.named("sharing")
            .target(target())
            .model(MODEL, 1)
            .plugins(2)
            .progress(out::println)
            .start()) {
      usePods(stack, MODEL, PODS, null);
      List<DecisionClient> replicas =
          stack.plugins().stream()
              .map(plugin -> new DecisionClient("127.0.0.1:" + plugin.grpcPort()))
              .toList();
      try {
        String report = measure(stack.redisServer(), replicas, trace);
        report("sharing.md", report);
      } finally {
        replicas.forEach(DecisionClient::close);
      }
    }
    return 0;
  }

  private String measure(RedisProcess redis, List<DecisionClient> replicas, Trace trace) {
    var delay = new SharingDelay(MODEL, replicas, seed);
    var warm = delay.measure(WARM_UP);
    out.println("warm after %d prompts; measuring idle".formatted(warm.length));
    var report = new SharingReport(seed);
    report.delay("idle", delay.measure(rounds));
    RedisUsage before = RedisUsage.read(redis.port());
    long beforeNanos = System.nanoTime();
    try (var traffic = new BackgroundTraffic(MODEL, trace, replicas, rate)) {
      out.println("measuring Redis over %d requests".formatted(requests));
      int sent = traffic.await(requests).count();
      double seconds = (System.nanoTime() - beforeNanos) / 1e9;
      RedisUsage usage = RedisUsage.read(redis.port()).since(before);
      report.redis(usage, sent, traffic.mostInFlight(), seconds);
      out.println("measuring under load");
      report.delay("%.0f requests/s".formatted(rate), delay.measure(rounds));
      out.println("measuring while Redis is killed");
      outage("killed", redis::kill, redis::start, traffic, delay, report);
      out.println("measuring while Redis hangs");
      outage("hanging", redis::pause, redis::resume, traffic, delay, report);
    }
    return report.markdown(Machine.describe());
  }

  private void outage(
      String name,
      Runnable begin,
      Runnable end,
      BackgroundTraffic traffic,
      SharingDelay delay,
      SharingReport report) {
    traffic.begin();
    report.before(traffic.await(outageRequests));
    begin.run();
    report.during(name, traffic.await(outageRequests));
    end.run();
    traffic.begin();
    double agreementMillis = delay.agree();
    report.after(traffic.await(outageRequests), agreementMillis);
  }
}
