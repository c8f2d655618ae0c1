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
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.limit.Budgets;
import io.pointsman.plugin.limit.LimitSettings;
import io.pointsman.plugin.prefill.PrefillSettings;
import io.pointsman.plugin.prefill.Prefiller;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Router;
import io.pointsman.plugin.routing.RoutingSettings;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * What one request costs without gRPC: header, body and response-header messages in, their answers
 * out to nowhere, and the end. A chat of 2 KB on 10 pods, with all metrics of a real server.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class RequestStreamBenchmark {
  private static final int PODS = 10;

  /** Strategy that decides. */
  @Param({"random", "least-request", "prefix-cache"})
  public String strategy = "random";

  private final MeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, meters);
  private final Budgets budgets = Budgets.start(LimitSettings.DEFAULTS, null, "", "", meters);
  private final ExternalProcessorService service =
      new ExternalProcessorService(
          ExtProcSettings.DEFAULTS,
          Authenticator.open(meters),
          AuditLog.off(meters),
          budgets,
          LimitSettings.DEFAULTS,
          new Router(
              registry::pools, StrategyCatalog.standard(), RoutingSettings.DEFAULTS, prefixes),
          new RequestReader(),
          new Prefiller(PrefillSettings.DEFAULTS, registry, meters),
          registry,
          new RequestMetrics(meters, registry::pools));
  private final Sink sink = new Sink();
  private ProcessingRequest headers = ProcessingRequest.getDefaultInstance();
  private ProcessingRequest body = ProcessingRequest.getDefaultInstance();
  private ProcessingRequest response = ProcessingRequest.getDefaultInstance();

  /** Builds pods and messages. */
  @Setup
  public void setUp() {
    EndpointSpec[] pods =
        IntStream.range(0, PODS)
            .mapToObj(i -> ExtProcFixture.pod("llama-" + i, "10.0.0." + i + ":8000"))
            .toArray(EndpointSpec[]::new);
    registry.apply(new Topology(List.of(ExtProcFixture.model("llama", pods))));
    headers = BenchmarkMessages.headers(strategy, BodySendMode.BUFFERED);
    body = BenchmarkMessages.chat(2048);
    response = BenchmarkMessages.response();
  }

  /** Stops the registry's thread. */
  @TearDown
  public void tearDown() {
    registry.close();
    budgets.close();
  }

  /** One request from its headers to its end. */
  @Benchmark
  public @Nullable ProcessingResponse request() {
    var stream = service.process(sink);
    stream.onNext(headers);
    stream.onNext(body);
    stream.onNext(response);
    stream.onCompleted();
    return sink.last;
  }

  /** Runs with an allocation profile. */
  public static void main(String[] args) throws RunnerException {
    new Runner(
            new OptionsBuilder()
                .include(RequestStreamBenchmark.class.getSimpleName())
                .addProfiler(GCProfiler.class)
                .build())
        .run();
  }
}
