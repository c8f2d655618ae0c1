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
import java.util.ArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Routers of several replicas in one JVM, and a real Redis between them. */
@Timeout(120)
class SharedPrefixesTest {
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

  /** One replica, as the plugin wires it: the pools are known just before sharing begins. */
  private final class Replica implements AutoCloseable {
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
    final PrefixIndex prefixes = new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, meters);
    final Router router =
        new Router(
            registry::pools, StrategyCatalog.standard(), "prefix-cache", prefixes, Duration.ZERO);
    final RedisMonitor monitor =
        RedisMonitor.start(
            new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false), meters);
    final BlockReplication replication;

    Replica(long id) {
      // Until the keeper has looked at the empty pools, as it has in a plugin that starts.
      Awaitility.await().until(monitor::isUp);
      registry.apply(TestTopologies.model("m", 8));
      replication = prefixes.share(settings(), id, monitor, meters);
    }

    String route(String prompt) {
      byte[] body =
          ("{\"model\":\"m\",\"prompt\":\"" + prompt + "\"}").getBytes(StandardCharsets.UTF_8);
      var request =
          (ParsedRequest)
              new RequestReader().read(Api.COMPLETIONS, null, body, 0, body.length, true);
      var routed = (Routed) router.route(new RouteRequest("m", null, null, request));
      routed.reservation().release();
      return routed.reservation().endpoint().name();
    }

    double sent() {
      return meters.get("pointsman.block.news.sent").functionCounter().count();
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
    return (number + " is a long story. ").repeat(200);
  }

  @Test
  void whatWasReadBackCountsFromTheMomentRecoveryIsDone() throws Exception {
    try (var first = new Replica(1)) {
      var taught = new ArrayList<String>();
      for (int i = 0; i < PROMPTS; i++) {
        taught.add(first.route(prompt(i)));
      }
      Awaitility.await().until(() -> first.sent() > 0);
      try (var late = new Replica(2)) {
        late.replication.recovery().get(30, TimeUnit.SECONDS);
        var followed = new ArrayList<String>();
        for (int i = 0; i < PROMPTS; i++) {
          followed.add(late.route(prompt(i)));
        }
        assertThat(followed).isEqualTo(taught);
      }
    }
  }
}
