package io.pointsman.plugin.extproc;

import com.sun.management.OperatingSystemMXBean;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.UserPolicy;
import io.pointsman.plugin.limit.Budgets;
import io.pointsman.plugin.limit.LimitSettings;
import io.pointsman.plugin.prefill.PrefillSettings;
import io.pointsman.plugin.prefill.Prefiller;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import io.pointsman.plugin.routing.Router;
import io.pointsman.plugin.routing.RoutingSettings;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;

/**
 * What limits add to the CPU time of a request: the same chat with an API key, on 10 pods with
 * {@code prefix-cache}, whose key and profile have no limits, or a limit of each kind (requests in
 * a second, in a minute and in flight) that is leased from a real Redis and never reached.
 * Everything but gRPC is in it.
 *
 * <p>The two take turns within one process, so that both meet the same machine, and CPU time is
 * compared instead of time: that of the thread that serves, and that of the whole process, with the
 * threads that exchange leases, the garbage collector and the compiler. A plain program, for JMH
 * measures one after the other.
 */
public final class LimitedRequestBenchmark implements AutoCloseable {
  private static final int PODS = 10;
  private static final int[] PROMPTS = {2_048, 16_384};
  private static final int REQUESTS = 20_000;
  private static final int WARM_UP_ROUNDS = 15;
  private static final int ROUNDS = 40;
  private static final long PAUSE_NANOS = 20_000;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  /** CPU time of one request, in nanoseconds. */
  private record Cost(double thread, double process) {
    double over(Cost other) {
      return process / other.process;
    }

    double threadOver(Cost other) {
      return thread / other.thread;
    }
  }

  private final MeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
  private final Sink sink = new Sink();
  private final RedisMonitor monitor;
  private final Budgets budgets;
  private final ExternalProcessorService service;
  private final ProcessingRequest headers;
  private final ProcessingRequest body;
  private final ProcessingRequest response = BenchmarkMessages.response();

  /**
   * @param limited with limits, or without any
   * @param prompt bytes of the prompt
   */
  private LimitedRequestBenchmark(RedisProcess redis, boolean limited, int prompt)
      throws Exception {
    monitor =
        RedisMonitor.start(
            new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false), meters);
    Awaitility.await().until(monitor::isUp);
    budgets = Budgets.start(LimitSettings.DEFAULTS, monitor, "b/x" + limited, "r", meters);
    registry.apply(topology(limited));
    var prefixes = new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, meters);
    service =
        new ExternalProcessorService(
            ExtProcSettings.DEFAULTS,
            authenticator(limited),
            AuditLog.off(meters),
            budgets,
            LimitSettings.DEFAULTS,
            new Router(
                registry::pools, StrategyCatalog.standard(), RoutingSettings.DEFAULTS, prefixes),
            new RequestReader(),
            new Prefiller(PrefillSettings.DEFAULTS, registry, meters),
            registry,
            new RequestMetrics(meters, registry::pools));
    headers = BenchmarkMessages.headers("prefix-cache", BodySendMode.BUFFERED);
    body = BenchmarkMessages.chat(prompt);
  }

  private static Topology topology(boolean limited) {
    var limits =
        limited ? new Profile.Limits(1_000_000, null, 1_000_000, null) : Profile.Limits.NONE;
    var profile =
        new Profile(
            "default",
            null,
            Profile.Hints.NONE,
            limits,
            Profile.Prefill.NONE,
            Profile.PrefixCache.NONE,
            null);
    List<EndpointSpec> pods =
        IntStream.range(0, PODS)
            .mapToObj(i -> ExtProcFixture.pod("llama-" + i, "10.0.0." + i + ":8000"))
            .toList();
    var config = new ModelConfig(null, "default", Map.of("default", profile));
    return new Topology(List.of(new ModelSpec("llama", "vllm", pods, config)));
  }

  /** Knows the key of {@link BenchmarkMessages#headers}. */
  private Authenticator authenticator(boolean limited) throws Exception {
    Path file = Files.createTempFile("keys", ".yaml");
    Files.writeString(
        file,
        """
        keys:
          - name: batch
            sha256: fb526cd4ad0ec978c1a9e78f7c0728711139978424d618eb228be59e21188970
        """
            + (limited ? "    requestsPerMinute: 100000000\n    requestsInFlight: 1000000\n" : ""));
    return Authenticator.start(
        new IdentitySettings(null, file, false, UserPolicy.OFF, true, false), "", null, meters);
  }

  @Override
  public void close() throws Exception {
    budgets.close();
    monitor.close();
    registry.close();
    if (sink.refused > sink.replies / 100) {
      throw new IllegalStateException("refused: " + sink.refused + " of " + sink.replies);
    }
  }

  /** One request from its headers to its end. */
  private void request() {
    long decided = sink.replies + 2;
    var stream = service.process(sink);
    stream.onNext(headers);
    stream.onNext(body);
    while (sink.replies < decided) {
      // Its lease is on its way.
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    stream.onNext(response);
    stream.onCompleted();
  }

  private Cost measure() {
    long thread = THREADS.getCurrentThreadCpuTime();
    long process = SYSTEM.getProcessCpuTime();
    for (int i = 0; i < REQUESTS; i++) {
      request();
    }
    return new Cost(
        (double) (THREADS.getCurrentThreadCpuTime() - thread) / REQUESTS,
        (double) (SYSTEM.getProcessCpuTime() - process) / REQUESTS);
  }

  private static double[] sorted(List<Double> values) {
    return values.stream().mapToDouble(value -> value).sorted().toArray();
  }

  private static String quartiles(double[] sorted) {
    int n = sorted.length;
    return String.format(
        Locale.ROOT, "%.3f (%.3f - %.3f)", sorted[n / 2], sorted[n / 4], sorted[3 * n / 4]);
  }

  private static void compare(RedisProcess redis, int prompt) throws Exception {
    var costs = new ArrayList<Cost>();
    var process = new ArrayList<Double>();
    var thread = new ArrayList<Double>();
    try (var limited = new LimitedRequestBenchmark(redis, true, prompt);
        var unlimited = new LimitedRequestBenchmark(redis, false, prompt)) {
      for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
        boolean first = round % 2 == 0;
        Cost one = (first ? limited : unlimited).measure();
        Cost two = (first ? unlimited : limited).measure();
        if (round >= 0) {
          Cost with = first ? one : two;
          Cost without = first ? two : one;
          process.add(with.over(without));
          thread.add(with.threadOver(without));
          costs.addAll(Arrays.asList(with, without));
        }
      }
    }
    System.out.printf(
        Locale.ROOT,
        "prompt of %d bytes, %d rounds of %d requests: CPU time with limits / without, median"
            + " (quartiles): process %s, thread %s; ns of the thread with limits and without:"
            + " %.0f %.0f%n",
        prompt,
        ROUNDS,
        REQUESTS,
        quartiles(sorted(process)),
        quartiles(sorted(thread)),
        median(costs, 0),
        median(costs, 1));
  }

  /** Of every other one. */
  private static double median(List<Cost> costs, int from) {
    var values = new ArrayList<Double>();
    for (int i = from; i < costs.size(); i += 2) {
      values.add(costs.get(i).thread());
    }
    return sorted(values)[values.size() / 2];
  }

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    try (var redis = new RedisProcess().start()) {
      for (int prompt : PROMPTS) {
        compare(redis, prompt);
      }
    }
  }
}
