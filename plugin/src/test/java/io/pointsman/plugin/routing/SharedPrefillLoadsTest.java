package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.InFlightSharing;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import io.pointsman.plugin.routing.Decision.Routed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two replicas, a real Redis between them, and prefill pods that both see. */
@Timeout(120)
class SharedPrefillLoadsTest {
  private final RedisProcess redis = new RedisProcess();
  private final List<AutoCloseable> parts = new ArrayList<>();

  @BeforeEach
  void startRedis() throws Exception {
    redis.start();
  }

  @AfterEach
  void stop() throws Exception {
    for (int i = parts.size() - 1; i >= 0; i--) {
      parts.get(i).close();
    }
    redis.close();
  }

  private record Replica(EndpointRegistry registry, Router router) {
    Endpoint pod(int i) {
      return registry.pools().all().iterator().next().all().get(i);
    }

    Endpoint prefillOfNext() {
      var request = new RouteRequest("m", Requests.headers(null, null), Requests.body(40, 10));
      var routed = (Routed) router.route(request);
      return Objects.requireNonNull(Objects.requireNonNull(routed.prefill()).first()).endpoint();
    }
  }

  @Test
  void aReplicaKeepsOffThePrefillPodThatTheOtherHasLoaded() {
    Replica one = replica("one");
    Replica other = replica("other");
    List<Endpoint> loaded = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      one.pod(0).reserve();
    }
    await().until(() -> other.pod(0).peerInFlight() == 12 && other.pod(0).peerArrivals() == 0);

    for (int i = 0; i < 12; i++) {
      loaded.add(other.prefillOfNext());
    }

    assertThat(loaded).containsOnly(other.pod(1));
    await().until(() -> one.pod(1).peerInFlight() == 12);
  }

  private Replica replica(String name) {
    var meters = new SimpleMeterRegistry();
    var registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
    parts.add(registry);
    registry.apply(
        new Topology(
            List.of(
                new ModelSpec(
                    "m",
                    "vllm",
                    List.of(
                        pod("10.0.0.1:8000", Role.PREFILL),
                        pod("10.0.0.2:8000", Role.PREFILL),
                        pod("10.0.0.3:8000", Role.DECODE)),
                    ModelConfig.NONE))));
    var prefixes = new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, meters);
    parts.add(prefixes);
    var monitor =
        RedisMonitor.start(
            new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false), meters);
    parts.add(monitor);
    var sharing = new InFlightSharing(registry::pools, monitor, "ns/release", name);
    sharing.start();
    parts.add(sharing);
    var settings = new RoutingSettings("pd", Duration.ZERO, false);
    return new Replica(
        registry, new Router(registry::pools, StrategyCatalog.standard(), settings, prefixes));
  }

  private static EndpointSpec pod(String address, Role role) {
    return new EndpointSpec(new EndpointKey(address, 0), address, address, true, "a", role);
  }
}
