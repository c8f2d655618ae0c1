package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.BlockReplication;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.blockmap.ReplicationSettings;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.TestTopologies;
import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import io.pointsman.plugin.routing.Decision.Routed;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Routers of several replicas in one JVM, and a real Redis between them. */
@Timeout(120)
class SharedPrefixesTest {
  private static final int PODS = 8;
  private static final int PROMPTS = 12;

  private final RedisProcess redis = new RedisProcess();

  @BeforeEach
  void startRedis() throws Exception {
    redis.start();
  }

  @AfterEach
  void stopRedis() throws Exception {
    redis.close();
  }

  /** One replica, which knows no endpoint before {@link #discover}. */
  private final class Replica implements AutoCloseable {
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
    final PrefixIndex prefixes;
    final Router router;
    final RedisMonitor monitor =
        RedisMonitor.start(
            new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false), meters);
    final BlockReplication replication;

    Replica(long id, PrefixSettings settings) {
      prefixes = new PrefixIndex(settings, registry::pools, meters);
      router =
          new Router(
              registry::pools,
              StrategyCatalog.standard(),
              new RoutingSettings("prefix-cache", Duration.ZERO, false),
              prefixes);
      // So much later that the index has looked at the empty pools, as it has in a real start.
      Awaitility.await().until(monitor::isUp);
      replication = prefixes.share(settings(), id, monitor, meters);
    }

    Replica discover() {
      registry.apply(TestTopologies.model("m", PODS));
      return this;
    }

    Replica awaitRecovered() throws Exception {
      replication.recovery().get(30, TimeUnit.SECONDS);
      return this;
    }

    List<String> route(int from, int to) {
      return IntStream.range(from, to).mapToObj(i -> route(prompt(i))).toList();
    }

    void awaitSent() {
      Awaitility.await()
          .until(() -> meters.get("pointsman.block.news.waiting.hashes").gauge().value() == 0);
    }

    String route(String prompt) {
      byte[] body =
          ("{\"model\":\"m\",\"prompt\":\"" + prompt + "\"}").getBytes(StandardCharsets.UTF_8);
      var request =
          (ParsedRequest)
              new RequestReader().read(Api.COMPLETIONS, null, body, 0, body.length, true);
      var routed =
          (Routed) router.route(new RouteRequest("m", Requests.headers(null, null), request));
      routed.reservation().release();
      return routed.reservation().endpoint().name();
    }

    @Override
    public void close() {
      replication.close();
      monitor.close();
      prefixes.close();
      registry.close();
    }
  }

  private static ReplicationSettings settings() {
    return new ReplicationSettings(
        "ns/release",
        1,
        PrefixIndex.format(),
        Duration.ofMillis(5),
        1_000_000,
        64 << 20,
        Duration.ofMinutes(20),
        Duration.ofSeconds(30));
  }

  private static String prompt(int number) {
    return number + " is a long story. ".repeat(64);
  }

  private static PrefixSettings settings(long mapBytes, int blocksPerEndpoint) {
    PrefixSettings usual = PrefixSettings.DEFAULTS;
    return new PrefixSettings(
        usual.blockBytes(),
        usual.maxPromptBytes(),
        mapBytes,
        usual.timeToLive(),
        blocksPerEndpoint);
  }

  @Test
  void whatWasReadBackCountsFromTheMomentRecoveryIsDone() throws Exception {
    try (Replica first = new Replica(1, PrefixSettings.DEFAULTS).discover()) {
      List<String> taught = first.route(0, PROMPTS);
      first.awaitSent();
      try (Replica late = new Replica(2, PrefixSettings.DEFAULTS).discover()) {
        late.awaitRecovered();
        assertThat(late.route(0, PROMPTS)).isEqualTo(taught);
      }
    }
  }

  @Test
  void readingBackWaitsForDiscovery() throws Exception {
    try (Replica first = new Replica(1, PrefixSettings.DEFAULTS).discover()) {
      List<String> taught = first.route(0, PROMPTS);
      first.awaitSent();
      try (Replica late = new Replica(2, PrefixSettings.DEFAULTS)) {
        assertThat(late.replication.recovery()).isNotDone();
        late.discover().awaitRecovered();
        assertThat(late.route(0, PROMPTS)).isEqualTo(taught);
      }
    }
  }

  @Test
  void aMapTooSmallForEverythingKeepsTheNewest() throws Exception {
    PrefixSettings small = settings(1 << 20, PrefixSettings.UNKNOWN_CACHE);
    assertNewestAreFollowed(small);
  }

  @Test
  void aCacheTooSmallForEverythingKeepsTheNewest() throws Exception {
    assertNewestAreFollowed(settings(PrefixSettings.DEFAULTS.mapBytes(), 5_000));
  }

  /** Eight blocks a prompt: 20,000 for each endpoint. */
  private void assertNewestAreFollowed(PrefixSettings settings) throws Exception {
    try (Replica first = new Replica(1, PrefixSettings.DEFAULTS).discover()) {
      int all = 20_000;
      List<String> taught = first.route(0, all);
      first.awaitSent();
      assertThat(first.meters.get("pointsman.block.news.dropped.hashes").functionCounter().count())
          .isZero();
      try (Replica late = new Replica(2, settings).discover()) {
        late.awaitRecovered();
        assertThat(late.route(all - PROMPTS, all)).isEqualTo(taught.subList(all - PROMPTS, all));
      }
    }
  }
}
