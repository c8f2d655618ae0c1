package io.pointsman.plugin.endpoint.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Decision;
import io.pointsman.plugin.routing.RouteHeaders;
import io.pointsman.plugin.routing.RouteRequest;
import io.pointsman.plugin.routing.Router;
import io.pointsman.plugin.routing.RoutingSettings;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Decisions while pods change, beside decisions while they do not. One thread decides without a
 * pause; in every other window an API server tells of a thousand changes each second, which pass
 * through informer, topology and registry as they do in the plugin. Run {@code main}. The API
 * server is in the same process and takes its share of the processors.
 */
final class PodEventsBenchmark implements AutoCloseable {
  private static final String ADAPTERS = "model.aibrix.ai/adapters";
  private static final int MODELS = 10;
  private static final int PODS = 1_000;
  private static final int EVENTS_PER_SECOND = 1_000;
  private static final int PROMPTS = 512;
  private static final int WARM_UPS = 4;
  private static final int WINDOWS = 12;
  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** How long decisions took. */
  private static final class Latencies {
    private static final int STEP_NANOS = 10;

    private final long[] counts = new long[1_000_000];
    private long count;

    void add(long nanos) {
      counts[(int) Math.min(counts.length - 1, nanos / STEP_NANOS)]++;
      count++;
    }

    double micros(double quantile) {
      long left = (long) Math.ceil(quantile * count);
      int i = -1;
      while (left > 0) {
        left -= counts[++i];
      }
      return (i + 0.5) * STEP_NANOS / 1e3;
    }
  }

  private final PagedApiServer api;
  private final KubernetesDiscovery discovery;
  private final EndpointRegistry registry =
      new EndpointRegistry(HealthSettings.DEFAULTS, new SimpleMeterRegistry());
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, new SimpleMeterRegistry());
  private final Router router =
      new Router(registry::pools, StrategyCatalog.standard(), RoutingSettings.DEFAULTS, prefixes);
  private final AtomicInteger topologies = new AtomicInteger();
  private final RouteRequest[] requests = new RouteRequest[PROMPTS];
  private volatile boolean changing;
  private volatile boolean ended;
  private int events;

  private PodEventsBenchmark(String strategy) throws Exception {
    api = new PagedApiServer();
    for (int i = 0; i < PODS; i++) {
      api.put(pod(i, true));
    }
    var random = new SplittableRandom(1);
    for (int i = 0; i < PROMPTS; i++) {
      var headers = new RouteHeaders(strategy, null, null, null, null, null);
      requests[i] = new RouteRequest("model-" + i % MODELS, headers, prompt(random));
    }
    discovery =
        new KubernetesDiscovery(
            new KubernetesSettings(
                api.kubeconfig(Files.createTempDirectory("pods")),
                List.of(),
                false,
                null,
                false,
                PodKeys.STANDARD),
            name -> true,
            new SimpleMeterRegistry());
    discovery.start(this::take);
  }

  private void take(Topology topology) {
    registry.apply(topology);
    topologies.incrementAndGet();
  }

  private static PodBuilder pod(int i, boolean ready) {
    PodBuilder pod = Pods.pod("pod-" + i, "10.0.%d.%d".formatted(i / 250, i % 250 + 1));
    Map<String, String> labels = Map.of("model.aibrix.ai/name", "model-" + i % MODELS);
    return Pods.ready(pod.editMetadata().withLabels(labels).endMetadata(), ready);
  }

  private static ParsedRequest prompt(SplittableRandom random) {
    var text = new StringBuilder("{\"model\":\"m\",\"prompt\":\"");
    for (int i = 0; i < 4_096; i++) {
      text.append((char) ('a' + random.nextInt(26)));
    }
    byte[] body = text.append("\"}").toString().getBytes(UTF_8);
    return (ParsedRequest)
        new RequestReader().read(Api.COMPLETIONS, null, body, 0, body.length, true);
  }

  /**
   * Every event changes what is kept of its pod, and so makes a new topology due; one of twenty
   * makes a pod ready or not.
   */
  private void change() {
    boolean[] notReady = new boolean[PODS];
    var random = new SplittableRandom(2);
    long due = System.nanoTime();
    while (!ended) {
      due += TimeUnit.SECONDS.toNanos(1) / EVENTS_PER_SECOND;
      if (changing) {
        int i = random.nextInt(PODS);
        notReady[i] ^= random.nextInt(20) == 0;
        api.put(Pods.annotated(pod(i, !notReady[i]), ADAPTERS, "adapter-" + events % 10));
        events++;
      }
      LockSupport.parkNanos(due - System.nanoTime());
    }
  }

  private void decide(Latencies latencies) {
    long end = System.nanoTime() + WINDOW_NANOS;
    long begin = System.nanoTime();
    for (int i = 0; begin < end; i = (i + 1) % PROMPTS) {
      Decision decision = router.route(requests[i]);
      long now = System.nanoTime();
      latencies.add(now - begin);
      if (decision instanceof Decision.Routed routed) {
        routed.reservation().release();
      } else {
        throw new AssertionError(decision);
      }
      begin = System.nanoTime();
    }
  }

  private void run(String strategy) {
    while (registry.pools().all().size() < MODELS) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    var changes = new Thread(this::change, "changes");
    changes.start();
    Latencies[] latencies = {new Latencies(), new Latencies()};
    int counted = 0;
    int told = 0;
    for (int window = 0; window < WARM_UPS + WINDOWS; window++) {
      changing = window % 2 == 1;
      int topologiesBefore = topologies.get();
      int eventsBefore = events;
      decide(window < WARM_UPS ? new Latencies() : latencies[window % 2]);
      if (changing && window >= WARM_UPS) {
        counted += topologies.get() - topologiesBefore;
        told += events - eventsBefore;
      }
    }
    ended = true;
    double seconds = WINDOWS / 2.0 * WINDOW_NANOS / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%s: events_per_second=%.0f topologies_per_second=%.1f%n",
        strategy,
        told / seconds,
        counted / seconds);
    for (double quantile : new double[] {0.5, 0.99, 0.999}) {
      double without = latencies[0].micros(quantile);
      double with = latencies[1].micros(quantile);
      System.out.printf(
          Locale.ROOT,
          "%s: p%s without=%.2f us with=%.2f us ratio=%.2f%n",
          strategy,
          quantile * 100,
          without,
          with,
          with / without);
    }
  }

  @Override
  public void close() {
    discovery.close();
    prefixes.close();
    registry.close();
    api.close();
  }

  /** Prints quantiles of decisions with and without changes of pods, for two strategies. */
  public static void main(String[] args) throws Exception {
    for (String strategy : new String[] {"least-request", "prefix-cache"}) {
      try (var benchmark = new PodEventsBenchmark(strategy)) {
        benchmark.run(strategy);
      }
    }
  }
}
