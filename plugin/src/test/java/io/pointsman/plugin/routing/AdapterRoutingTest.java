package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Pools;
import io.pointsman.plugin.endpoint.TestTopologies;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.routing.Decision.NoEndpoints;
import io.pointsman.plugin.routing.Decision.Routed;
import io.pointsman.plugin.routing.Decision.UnknownModel;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests that name a LoRA adapter go where it is loaded. */
class AdapterRoutingTest {
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

  private static EndpointSpec pod(int i, boolean ready, String... adapters) {
    EndpointSpec pod = TestTopologies.endpoint(i, ready);
    return new EndpointSpec(
        pod.key(),
        pod.name(),
        pod.address(),
        ready,
        null,
        pod.role(),
        Map.of(),
        "",
        List.of(adapters));
  }

  private Set<String> served(String strategy, String model) {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      var request =
          new RouteRequest(model, Requests.headers(strategy, null), Requests.body(300 + i, 10));
      Routed routed = (Routed) router.route(request);
      names.add(routed.reservation().endpoint().name());
    }
    return names;
  }

  static Stream<String> strategies() {
    return StrategyCatalog.standard().names().stream();
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void everyStrategyStaysWithThePodsThatListTheAdapter(String strategy) {
    registry.apply(
        TestTopologies.model(
            "m", pod(0, true), pod(1, true, "sql"), pod(2, true, "poetry", "sql"), pod(3, true)));

    assertThat(served(strategy, "sql")).isSubsetOf("pod-1", "pod-2");
    assertThat(served(strategy, "poetry")).containsExactly("pod-2");
  }

  @Test
  void sglangsNameForAnAdapterOfAModelIsKnown() {
    List<EndpointSpec> pods = List.of(pod(0, true), pod(1, true, "sql", "other"));
    var sglang = new ModelSpec("m", "sglang", pods, ModelConfig.NONE);
    var other = new ModelSpec("other", "vllm", List.of(pod(2, true, "sql")), ModelConfig.NONE);
    registry.apply(new Topology(List.of(sglang, other)));

    assertThat(served("random", "m:sql")).containsExactly("pod-1");
    assertThat(served("random", "m:other")).containsExactly("pod-1");
    assertThat(served("random", "other")).containsExactly("pod-2");
    assertThat(route("other:sql")).isInstanceOf(UnknownModel.class);
    assertThat(registry.pools().adapters()).containsOnlyKeys("sql");
  }

  @Test
  void theBaseModelStillHasAllPods() {
    registry.apply(TestTopologies.model("m", pod(0, true), pod(1, true, "sql")));

    assertThat(served("random", "m")).containsExactlyInAnyOrder("pod-0", "pod-1");
  }

  @Test
  void anAdapterThatNobodyListsIsUnknownAndOneWhosePodsAreNotReadyIsNot() {
    registry.apply(TestTopologies.model("m", pod(0, true), pod(1, false, "sql")));

    assertThat(route("sql")).isInstanceOf(NoEndpoints.class);
    assertThat(route("poetry")).isInstanceOf(UnknownModel.class);
    registry.apply(TestTopologies.model("m", pod(0, true), pod(1, false)));
    assertThat(route("sql")).isInstanceOf(UnknownModel.class);
  }

  @Test
  void whoListsAnAdapterMayChange() {
    registry.apply(TestTopologies.model("m", pod(0, true, "sql"), pod(1, true)));
    assertThat(served("random", "sql")).containsExactly("pod-0");
    registry.apply(TestTopologies.model("m", pod(0, true), pod(1, true, "sql")));

    assertThat(served("random", "sql")).containsExactly("pod-1");
  }

  @Test
  void aModelsOwnNameIsNeverAnAdapter() {
    registry.apply(TestTopologies.model("m", pod(0, true), pod(1, true, "m")));

    assertThat(served("random", "m")).containsExactlyInAnyOrder("pod-0", "pod-1");
    assertThat(registry.pools().adapters()).isEmpty();
  }

  /** Else a request on headers alone would take it for the base model. */
  @Test
  void aModelWithAdaptersIsNotTheOnlyNameThereIs() {
    registry.apply(TestTopologies.model("m", pod(0, true)));
    Pools before = registry.pools();
    registry.apply(TestTopologies.model("m", pod(0, true, "sql")));

    assertThat(before.only()).isSameAs(before.find("m"));
    assertThat(registry.pools().only()).isNull();
  }

  @Test
  void countsAreThoseOfTheEndpointWhateverItWasAskedFor() {
    registry.apply(TestTopologies.model("m", pod(0, true, "sql")));
    served("random", "m");
    served("random", "sql");

    Endpoint endpoint = registry.pools().all().iterator().next().all().get(0);
    assertThat(endpoint.inFlight()).isEqualTo(200);
  }

  private Decision route(String model) {
    return router.route(new RouteRequest(model, Requests.headers(null, null), null));
  }
}
