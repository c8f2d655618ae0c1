package io.pointsman.plugin.endpoint.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.EngineSignals;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Topology;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EngineScraperTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private static final ScrapeSettings FAST =
      new ScrapeSettings(
          Duration.ofMillis(20), 0.2, Duration.ofSeconds(10), Duration.ofMinutes(1), 4, 1 << 16);

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final EndpointRegistry registry =
      new EndpointRegistry(HealthSettings.DEFAULTS, new SimpleMeterRegistry());
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger looks = new AtomicInteger();
  private final AtomicInteger ticks = new AtomicInteger();
  private final AtomicInteger atOnce = new AtomicInteger();
  private final AtomicInteger mostAtOnce = new AtomicInteger();
  private volatile String page = "";
  private volatile int status = 200;
  private volatile @Nullable CountDownLatch hold;
  private HttpServer server;
  private @Nullable EngineScraper scraper;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void close() {
    if (scraper != null) {
      scraper.close();
    }
    registry.close();
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    looks.incrementAndGet();
    mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
    try {
      CountDownLatch waitFor = hold;
      if (waitFor != null) {
        waitFor.await(LONG.toSeconds(), TimeUnit.SECONDS);
      }
      boolean known = exchange.getRequestURI().getPath().equals(path);
      byte[] body = page.getBytes(UTF_8);
      exchange.sendResponseHeaders(known ? status : 404, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      atOnce.decrementAndGet();
      exchange.close();
    }
  }

  private volatile String path = "/metrics";

  /** Endpoints that all are this server, by different keys. */
  private void engines(String engine, int count, String container) {
    engines(engine, count, container, server.getAddress().getPort(), 0);
  }

  private void engines(String engine, int count, String container, int port, int metricsPort) {
    List<EndpointSpec> specs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      specs.add(
          new EndpointSpec(
              new EndpointKey("uid-" + i, 8000),
              "pod-" + i,
              "127.0.0.1:" + port,
              true,
              null,
              Role.COMBINED,
              Map.of(),
              container,
              List.of(),
              metricsPort));
    }
    registry.apply(new Topology(List.of(new ModelSpec("m", engine, specs, ModelConfig.NONE))));
  }

  private void start(ScrapeSettings settings) {
    scraper = new EngineScraper(settings, registry::pools, meters, this::clock);
  }

  /** The scraper asks for the time whenever it looks for something to do. */
  private long clock() {
    ticks.incrementAndGet();
    return System.nanoTime();
  }

  private void awaitTicks(int count) {
    int begin = ticks.get();
    await().atMost(LONG).until(() -> ticks.get() >= begin + count);
  }

  private List<Endpoint> all() {
    return Objects.requireNonNull(registry.pools().find("m")).all();
  }

  private EngineSignals ask() {
    return all().get(0).engineSignals(System.nanoTime());
  }

  private EngineSignals awaitSignals() {
    return await().atMost(LONG).until(this::ask, signals -> !signals.equals(EngineSignals.UNKNOWN));
  }

  private double count(String result) {
    return meters.get("pointsman.engine.scrapes").tag("result", result).counter().count();
  }

  @Test
  void nobodyIsLookedAtUnlessADecisionAsks() {
    engines("vllm", 3, "");
    start(FAST);
    awaitTicks(5);
    assertThat(looks).hasValue(0);
    page = "vllm:kv_cache_usage_perc 0.5\n";
    awaitSignals();

    assertThat(meters.get("pointsman.engine.watched").gauge().value()).isEqualTo(1);
    assertThat(all().get(1).recentEngineSignals(System.nanoTime())).isSameAs(EngineSignals.UNKNOWN);
  }

  @Test
  void vllmsNamesAreRead() {
    engines("vllm", 1, "c");
    page =
        """
        vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
        vllm:generation_tokens_total{model_name="m"} 1000
        vllm:e2e_request_latency_seconds_bucket{le="1"} 3
        vllm:e2e_request_latency_seconds_sum{model_name="m"} 10
        vllm:e2e_request_latency_seconds_count{model_name="m"} 5
        """;
    all().get(0).reserve();
    start(FAST);
    EngineSignals first = awaitSignals();
    assertThat(first.kvCacheUsage()).isEqualTo(0.25);
    assertThat(first.inFlight()).isEqualTo(1);
    assertThat(first.utilization()).isNaN();

    page =
        page.replace("_sum{model_name=\"m\"} 10", "_sum{model_name=\"m\"} 16")
            .replace("_count{model_name=\"m\"} 5", "_count{model_name=\"m\"} 8");
    await().atMost(LONG).until(() -> ask().requestSeconds() > 0);
    assertThat(ask().requestSeconds()).isEqualTo(2);
  }

  @Test
  void ratesAreThoseSinceThePageBefore() {
    engines("vllm", 1, "c");
    var engine =
        new ScrapedEngine(all().get(0), Objects.requireNonNull(EngineKind.find("vllm")), 0, 1_000);
    EngineSignals first = engine.signals(vllm(1000, 10, 5), 5_000_000_000L);
    assertThat(first.tokensPerSecond()).as("one page tells no rate").isNaN();
    assertThat(first.requestSeconds()).isNaN();
    all().get(0).reserve();
    all().get(0).reserve();
    engine.looking();
    all().get(0).release();
    EngineSignals second = engine.signals(vllm(1300, 16, 8), 7_000_000_000L);

    assertThat(second.tokensPerSecond()).isEqualTo(150, within(1e-9));
    assertThat(second.requestSeconds()).isEqualTo(2, within(1e-9));
    assertThat(second.inFlight()).isEqualTo(2);
    assertThat(engine.signals(vllm(1300, 16, 8), 8_000_000_000L).requestSeconds())
        .as("none has ended since")
        .isEqualTo(2, within(1e-9));
    assertThat(second.freshUntilNanos()).isEqualTo(7_000_001_000L);
  }

  @Test
  void aCounterThatBeganAnewTellsNoRate() {
    engines("vllm", 1, "c");
    var engine =
        new ScrapedEngine(all().get(0), Objects.requireNonNull(EngineKind.find("vllm")), 0, 1);
    engine.signals(vllm(1000, 10, 5), 5_000_000_000L);
    assertThat(engine.signals(vllm(10, 1, 1), 6_000_000_000L).tokensPerSecond()).isNaN();
    engines("vllm", 1, "another");

    assertThat(engine.signals(vllm(5000, 50, 9), 7_000_000_000L).tokensPerSecond()).isNaN();
    assertThat(engine.signals(vllm(5001, 50, 9), 8_000_000_000L).tokensPerSecond())
        .isEqualTo(1, within(1e-9));
  }

  private static MetricsPage vllm(int tokens, int seconds, int requests) {
    String text =
        """
        vllm:generation_tokens_total %d
        vllm:e2e_request_latency_seconds_sum %d
        vllm:e2e_request_latency_seconds_count %d
        """
            .formatted(tokens, seconds, requests);
    return MetricsPage.read(text.getBytes(UTF_8));
  }

  @Test
  void sglangsNamesAreRead() {
    engines("sglang", 1, "");
    page = "sglang:token_usage 0.75\nsglang:utilization 0.5\nsglang:gen_throughput 42\n";
    start(FAST);
    EngineSignals signals = awaitSignals();

    assertThat(signals.kvCacheUsage()).isEqualTo(0.75);
    assertThat(signals.utilization()).isEqualTo(0.5);
    assertThat(signals.tokensPerSecond()).isEqualTo(42);
  }

  @Test
  void aUtilizationThatTheEngineDoesNotComputeIsUnknown() {
    engines("sglang", 1, "");
    page = "sglang:token_usage 1.7\nsglang:utilization 0.0\n";
    start(FAST);
    EngineSignals signals = awaitSignals();

    assertThat(signals.utilization()).isNaN();
    assertThat(signals.kvCacheUsage()).isEqualTo(1);
  }

  @Test
  void tensorRtLlmsPageIsElsewhere() {
    engines("trtllm", 1, "");
    path = "/prometheus/metrics";
    page = "trtllm_kv_cache_utilization{model_name=\"m\",engine_type=\"trtllm\"} 0.62\n";
    start(FAST);

    assertThat(awaitSignals().kvCacheUsage()).isEqualTo(0.62);
  }

  @Test
  void thePageMayBeAtAnotherPort() {
    engines("vllm", 1, "", 1, server.getAddress().getPort());
    page = "vllm:kv_cache_usage_perc 0.5\n";
    start(FAST);

    assertThat(awaitSignals().kvCacheUsage()).isEqualTo(0.5);
  }

  @Test
  void enginesOfUnknownKindAreLeftAlone() {
    engines("xdit", 1, "");
    start(FAST);
    ask();

    awaitTicks(5);
    assertThat(looks).hasValue(0);
  }

  @Test
  void whatWasReadIsGoodForAWhileOnly() {
    engines("vllm", 1, "");
    page = "vllm:kv_cache_usage_perc 0.5\n";
    start(
        new ScrapeSettings(
            Duration.ofMillis(20), 0, Duration.ofSeconds(5), Duration.ofMillis(300), 4, 1 << 16));
    awaitSignals();
    status = 500;

    await().atMost(LONG).until(() -> ask().equals(EngineSignals.UNKNOWN));
    assertThat(count("failed")).isPositive();
    status = 200;
    assertThat(awaitSignals().kvCacheUsage()).isEqualTo(0.5);
  }

  @Test
  void aPageThatCannotBeReadIsAskedForLessAndLessOften() {
    engines("vllm", 1, "");
    status = 503;
    start(FAST);
    await().atMost(LONG).until(() -> ask().equals(EngineSignals.UNKNOWN) && looks.get() >= 6);
    int before = looks.get();
    awaitTicks(12);

    // Without back-off there would be a look for every two times that the scraper asks its clock.
    assertThat(looks.get() - before).isLessThanOrEqualTo(3);
  }

  @Test
  void aPageThatIsTooLongIsNotRead() {
    engines("vllm", 1, "");
    page = "vllm:kv_cache_usage_perc 0.5\n" + "# filling\n".repeat(10_000);
    start(FAST);
    await().atMost(LONG).until(() -> ask().equals(EngineSignals.UNKNOWN) && count("failed") > 0);

    assertThat(count("ok")).isZero();
  }

  @Test
  void anEngineThatDoesNotAnswerIsGivenUpAndOthersAreNotKeptWaiting() {
    engines("vllm", 3, "");
    hold = new CountDownLatch(1);
    start(
        new ScrapeSettings(
            Duration.ofMillis(20), 0, Duration.ofMillis(200), Duration.ofMinutes(1), 2, 1 << 16));
    all().forEach(endpoint -> endpoint.engineSignals(System.nanoTime()));
    await().atMost(LONG).until(() -> count("failed") >= 3);
    Objects.requireNonNull(hold).countDown();
    page = "vllm:kv_cache_usage_perc 0.5\n";

    await()
        .atMost(LONG)
        .until(
            () ->
                all().stream()
                    .allMatch(
                        endpoint ->
                            !endpoint
                                .engineSignals(System.nanoTime())
                                .equals(EngineSignals.UNKNOWN)));
  }

  @Test
  void noMoreThanSoManyAreLookedAtAtOnce() {
    engines("vllm", 40, "");
    page = "vllm:kv_cache_usage_perc 0.5\n";
    start(FAST);
    await()
        .atMost(LONG)
        .until(
            () ->
                all().stream()
                    .allMatch(
                        endpoint ->
                            !endpoint
                                .engineSignals(System.nanoTime())
                                .equals(EngineSignals.UNKNOWN)));

    assertThat(mostAtOnce.get()).isLessThanOrEqualTo(FAST.concurrency());
  }

  @Test
  void anEndpointThatIsGoneIsLetGo() {
    engines("vllm", 1, "");
    page = "vllm:kv_cache_usage_perc 0.5\n";
    start(FAST);
    awaitSignals();
    registry.apply(new Topology(List.of()));

    await().atMost(LONG).until(() -> meters.get("pointsman.engine.watched").gauge().value() == 0);
  }
}
