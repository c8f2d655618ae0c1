package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.TestTopologies;
import io.pointsman.plugin.routing.Decision.Routed;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Data-parallel ranks: one pod that serves at several ports. */
class RanksRoutingTest {
  private static final int REQUESTS = 300;

  private final EndpointRegistry registry =
      new EndpointRegistry(HealthSettings.DEFAULTS, new SimpleMeterRegistry());
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, new SimpleMeterRegistry());
  private final Router router =
      new Router(registry::pools, StrategyCatalog.standard(), RoutingSettings.DEFAULTS, prefixes);

  @AfterEach
  void close() {
    prefixes.close();
    registry.close();
  }

  private static EndpointSpec rank(int port) {
    return new EndpointSpec(
        new EndpointKey("uid", port), "pod", "10.0.0.1:" + port, true, null, Role.COMBINED);
  }

  static Stream<String> strategies() {
    return Stream.concat(
        StrategyCatalog.standard().names().stream(),
        Stream.of("prefix-cache:2,least-request:1", "session-affinity,least-latency"));
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void eachPortTakesItsShareUnderEveryStrategy(String strategy) {
    registry.apply(TestTopologies.model("m", rank(8000), rank(8001), rank(8002)));
    Map<String, Integer> served = new TreeMap<>();
    for (int i = 0; i < REQUESTS; i++) {
      var request =
          new RouteRequest("m", Requests.headers(strategy, null), Requests.body(300 + i, 10));
      Routed routed = (Routed) router.route(request);
      served.merge(routed.reservation().endpoint().address(), 1, Integer::sum);
    }

    assertThat(served).containsOnlyKeys("10.0.0.1:8000", "10.0.0.1:8001", "10.0.0.1:8002");
    assertThat(served.values()).allSatisfy(count -> assertThat(count).isGreaterThan(REQUESTS / 6));
  }
}
