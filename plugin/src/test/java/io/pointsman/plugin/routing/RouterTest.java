package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.routing.Decision.Routed;
import io.pointsman.plugin.routing.Decision.UnknownModel;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouterTest {
  @Test
  void aKnownModelIsRoutedAndReleasedOnce() {
    try (var registry = new EndpointRegistry(HealthSettings.DEFAULTS, new SimpleMeterRegistry())) {
      var spec =
          new EndpointSpec(
              new EndpointKey("10.0.0.1", 8000),
              "10.0.0.1:8000",
              "10.0.0.1:8000",
              true,
              null,
              EndpointSpec.Role.COMBINED);
      registry.apply(
          new Topology(List.of(new ModelSpec("m", "vllm", List.of(spec), ModelConfig.NONE))));
      var router = new Router(registry::pools, StrategyCatalog.standard(), "");

      Decision decision = router.route(new RouteRequest("m", null, null, null));

      assertThat(decision).isInstanceOf(Routed.class);
      var reservation = ((Routed) decision).reservation();
      assertThat(reservation.endpoint().inFlight()).isEqualTo(1);
      reservation.release();
      reservation.release();
      assertThat(reservation.endpoint().inFlight()).isZero();
      assertThat(router.route(new RouteRequest("other", null, null, null)))
          .isEqualTo(new UnknownModel("other"));
    }
  }
}
