package io.pointsman.plugin.routing;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.TestTopologies;
import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Decision.Routed;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * What one whole decision costs, reservation and its release included: for {@code prefix-cache}
 * that is hashing the prompt, finding who holds it, picking, and remembering. The prompts come from
 * conversations that go round, so most of them follow blocks that were learnt before.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RouterBenchmark {
  private static final int CONVERSATIONS = 1024;

  /** Strategy that decides. */
  @Param({"random", "least-request", "prefix-cache"})
  public String strategy = "random";

  /** Endpoints of the model. */
  @Param({"8", "1000"})
  public int endpoints;

  /** Length of the prompts. */
  @Param({"1024", "16384"})
  public int promptBytes;

  private final EndpointRegistry registry =
      new EndpointRegistry(HealthSettings.DEFAULTS, new SimpleMeterRegistry());
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, new SimpleMeterRegistry());
  private final Router router =
      new Router(registry::pools, StrategyCatalog.standard(), RoutingSettings.DEFAULTS, prefixes);
  private final RouteRequest[] requests = new RouteRequest[CONVERSATIONS];
  private int next;

  /** Builds the pool and what is asked of it. */
  @Setup(Level.Trial)
  public void setUp() {
    registry.apply(TestTopologies.model("m", endpoints));
    var random = new SplittableRandom(1);
    for (int i = 0; i < CONVERSATIONS; i++) {
      requests[i] = new RouteRequest("m", Requests.headers(strategy, null), prompt(random));
    }
  }

  private ParsedRequest prompt(SplittableRandom random) {
    var text = new StringBuilder("{\"model\":\"m\",\"prompt\":\"");
    for (int i = 0; i < promptBytes; i++) {
      text.append((char) ('a' + random.nextInt(26)));
    }
    byte[] body = text.append("\"}").toString().getBytes(StandardCharsets.UTF_8);
    var read = new RequestReader().read(Api.COMPLETIONS, null, body, 0, body.length, true);
    if (read instanceof ParsedRequest parsed) {
      return parsed;
    }
    throw new IllegalStateException(read.toString());
  }

  /** Stops the background threads. */
  @TearDown(Level.Trial)
  public void tearDown() {
    prefixes.close();
    registry.close();
  }

  /** One decision, and its end. */
  @Benchmark
  public Decision route() {
    next = (next + 1) % CONVERSATIONS;
    Decision decision = router.route(requests[next]);
    if (decision instanceof Routed routed) {
      routed.reservation().release();
    }
    return decision;
  }

  /** Runs with an allocation profile. */
  public static void main(String[] args) throws RunnerException {
    new Runner(
            new OptionsBuilder()
                .include(RouterBenchmark.class.getSimpleName() + "\\.")
                .addProfiler(GCProfiler.class)
                .build())
        .run();
  }
}
