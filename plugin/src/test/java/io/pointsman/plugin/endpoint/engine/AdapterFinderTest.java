package io.pointsman.plugin.endpoint.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Topology;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterFinderTest {
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
  private volatile String page = models("m", null);
  private HttpServer server;
  private @Nullable AdapterFinder finder;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/v1/models",
        exchange -> {
          looks.incrementAndGet();
          byte[] body = page.getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void close() {
    if (finder != null) {
      finder.close();
    }
    registry.close();
    server.stop(0);
    threads.shutdownNow();
  }

  /** As vLLM and SGLang write it: a base model has no parent. */
  private static String models(String base, @Nullable String adapter) {
    String list = "{\"id\":\"%s\",\"object\":\"model\",\"root\":\"/models/m\",\"parent\":null}";
    String loaded = ",{\"id\":\"%s\",\"object\":\"model\",\"root\":\"/lora\",\"parent\":\"%s\"}";
    return "{\"object\":\"list\",\"data\":["
        + list.formatted(base)
        + (adapter == null ? "" : loaded.formatted(adapter, base))
        + "]}";
  }

  private void engine(String kind, boolean ready, String container, String... listed) {
    var spec =
        new EndpointSpec(
            new EndpointKey("uid", 8000),
            "pod",
            "127.0.0.1:" + server.getAddress().getPort(),
            ready,
            null,
            Role.COMBINED,
            Map.of(),
            container,
            List.of(listed));
    registry.apply(
        new Topology(List.of(new ModelSpec("m", kind, List.of(spec), ModelConfig.NONE))));
  }

  private void start() {
    finder =
        new AdapterFinder(
            FAST,
            registry::pools,
            meters,
            registry::loaded,
            () -> {
              ticks.incrementAndGet();
              return System.nanoTime();
            });
  }

  private void awaitTicks() {
    int begin = ticks.get();
    await().atMost(LONG).until(() -> ticks.get() >= begin + 5);
  }

  private List<String> served(String name) {
    Pool pool = registry.pools().find(name);
    return pool == null ? List.of() : pool.candidates().stream().map(Endpoint::name).toList();
  }

  private void awaitServed(String name, String... pods) {
    await().atMost(LONG).untilAsserted(() -> assertThat(served(name)).containsExactly(pods));
  }

  private double count(String result) {
    return meters
        .get("pointsman.engine.scrapes")
        .tag("page", "models")
        .tag("result", result)
        .counter()
        .count();
  }

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "sglang"})
  void whatAnEngineHasLoadedIsServedThereAndWhatItUnloadsIsNot(String kind) {
    engine(kind, true, "c");
    start();
    page = models("m", "sql");
    awaitServed("sql", "pod");
    page = models("m", "poetry");
    awaitServed("poetry", "pod");

    assertThat(served("sql")).isEmpty();
    assertThat(served("m")).containsExactly("pod");
    assertThat(registry.pools().adapters()).containsOnlyKeys("poetry");
  }

  @Test
  void theAnnotationHolds() {
    engine("vllm", true, "c", "poetry");
    page = models("m", "sql");
    start();
    awaitTicks();

    assertThat(looks).hasValue(0);
    assertThat(registry.pools().adapters()).containsOnlyKeys("poetry");
  }

  @Test
  void anAnnotationThatComesLaterHoldsToo() {
    engine("vllm", true, "c");
    page = models("m", "sql");
    start();
    awaitServed("sql", "pod");
    engine("vllm", true, "c", "poetry");

    assertThat(registry.pools().adapters()).containsOnlyKeys("poetry");
  }

  @Test
  void enginesThatListNoAdaptersAndPodsThatAreNotReadyAreNotAsked() {
    engine("trtllm", true, "c");
    start();
    awaitTicks();
    engine("vllm", false, "c");
    awaitTicks();

    assertThat(looks).hasValue(0);
  }

  @Test
  void aContainerThatWasStartedAnewHasNoneUntilItSays() {
    engine("vllm", true, "c");
    page = models("m", "sql");
    start();
    awaitServed("sql", "pod");
    page = models("m", null);
    engine("vllm", true, "another");

    awaitServed("sql");
    page = models("m", "sql");
    awaitServed("sql", "pod");
  }

  @Test
  void whatWasToldStaysWhileTheListCannotBeRead() {
    engine("vllm", true, "c");
    page = models("m", "sql");
    start();
    awaitServed("sql", "pod");
    page = "no list";
    await().atMost(LONG).until(() -> count("failed") > 0);

    assertThat(served("sql")).containsExactly("pod");
  }

  @Test
  void aListThatIsTooLongIsNotRead() {
    engine("vllm", true, "c");
    page = models("m", "sql") + " ".repeat(1 << 16);
    start();
    await().atMost(LONG).until(() -> count("failed") > 0);

    assertThat(registry.pools().adapters()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{}",
        "{\"data\":null}",
        "{\"data\":{}}",
        "{\"data\":[1]}",
        "{\"data\":[{\"id\":[]}]}",
        "<html>"
      })
  void whatIsNoListTellsNothing(String text) {
    assertThat(AdapterFinder.adapters(text.getBytes(UTF_8))).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"data\":[]}",
        "{\"data\":[null,{}]}",
        "{\"data\":[{\"id\":\"m\"},{\"id\":\"n\",\"parent\":\"\"},{\"id\":\"o\",\"parent\":\"o\"}]}",
        "{\"data\":[{\"parent\":\"m\"},{\"id\":\" \",\"parent\":\"m\"}]}",
      })
  void whatHasNoParentIsNoAdapter(String text) {
    assertThat(AdapterFinder.adapters(text.getBytes(UTF_8))).isEmpty();
  }

  @Test
  void namesAreBounded() {
    var list =
        new StringBuilder("{\"data\":[{\"id\":\"%s\",\"parent\":\"m\"}".formatted("x".repeat(257)));
    for (int i = 0; i < 2_000; i++) {
      list.append(",{\"id\":\"a").append(i).append("\",\"parent\":\"m\"}");
    }

    assertThat(AdapterFinder.adapters(list.append("]}").toString().getBytes(UTF_8)))
        .hasSize(1_000)
        .allMatch(name -> name.length() < 10);
  }
}
