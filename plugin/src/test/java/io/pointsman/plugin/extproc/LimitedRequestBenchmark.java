package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * What limits add to a request: the same chat with an API key, on 10 pods with {@code
 * prefix-cache}, whose key and profile have no limits, or limits that are leased from a real Redis
 * and never reached.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(3)
public class LimitedRequestBenchmark {
  private static final int PODS = 10;

  /** Nothing, or one limit of each kind: of requests in a second, in a minute and in flight. */
  @Param({"none", "requests"})
  public String limits = "none";

  /** Bytes of the prompt. */
  @Param({"2048", "16384"})
  public int prompt = 2048;

  private final MeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, meters);
  private final RedisProcess redis = new RedisProcess();
  private final Sink sink = new Sink();
  private @Nullable RedisMonitor monitor;
  private @Nullable Budgets budgets;
  private @Nullable ExternalProcessorService service;
  private ProcessingRequest headers = ProcessingRequest.getDefaultInstance();
  private ProcessingRequest body = ProcessingRequest.getDefaultInstance();
  private ProcessingRequest response = ProcessingRequest.getDefaultInstance();

  /** Builds pods, limits and messages. */
  @Setup
  public void setUp() throws Exception {
    redis.start();
    RedisMonitor started =
        RedisMonitor.start(
            new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false), meters);
    monitor = started;
    Awaitility.await().until(started::isUp);
    boolean limited = limits.equals("requests");
    Budgets leased = Budgets.start(LimitSettings.DEFAULTS, started, "b/x", "r", meters);
    budgets = leased;
    registry.apply(topology(limited));
    service =
        new ExternalProcessorService(
            ExtProcSettings.DEFAULTS,
            authenticator(limited),
            AuditLog.off(meters),
            leased,
            LimitSettings.DEFAULTS,
            new Router(
                registry::pools, StrategyCatalog.standard(), RoutingSettings.DEFAULTS, prefixes),
            new RequestReader(),
            new Prefiller(PrefillSettings.DEFAULTS, registry, meters),
            registry,
            new RequestMetrics(meters, registry::pools));
    headers = BenchmarkMessages.headers("prefix-cache", BodySendMode.BUFFERED);
    body = BenchmarkMessages.chat(prompt);
    response = BenchmarkMessages.response();
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

  /** Stops what runs. */
  @TearDown
  public void tearDown() throws Exception {
    if (budgets != null) {
      budgets.close();
    }
    if (monitor != null) {
      monitor.close();
    }
    registry.close();
    redis.close();
    if (sink.refused > sink.replies / 100) {
      throw new IllegalStateException("refused: " + sink.refused + " of " + sink.replies);
    }
  }

  /** One request from its headers to its end. */
  @Benchmark
  public @Nullable ProcessingResponse request() {
    if (service == null) {
      throw new IllegalStateException("not set up");
    }
    long decided = sink.replies + 2;
    var stream = service.process(sink);
    stream.onNext(headers);
    stream.onNext(body);
    while (sink.replies < decided) {
      // Its lease is on its way.
      Thread.onSpinWait();
    }
    stream.onNext(response);
    stream.onCompleted();
    return sink.last;
  }

  /** Runs it. */
  public static void main(String[] args) throws RunnerException {
    new Runner(new OptionsBuilder().include(LimitedRequestBenchmark.class.getSimpleName()).build())
        .run();
  }
}
