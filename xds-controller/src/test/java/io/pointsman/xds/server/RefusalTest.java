package io.pointsman.xds.server;

import static io.pointsman.xds.server.AdsClient.CLUSTERS;
import static io.pointsman.xds.server.AdsClient.LISTENERS;
import static io.pointsman.xds.server.AdsClient.ROUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pointsman.common.ConfigException;
import io.pointsman.xds.server.AdsClient.Answer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Envoys that refuse what they are sent. */
class RefusalTest extends RunningXdsServer {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anEnvoyThatRefusesClustersKeepsItsRoutes(boolean delta)
      throws InterruptedException, ConfigException {
    try (var envoy = client(delta)) {
      envoy.connect();
      publish(OTHER_PLUGIN.formatted(1));
      envoy.refuse(envoy.next(), "no such cluster type");
      assertThat(envoy.unexpected()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatAnEnvoyRefusesIsCountedAndNotSentAgain(boolean delta)
      throws InterruptedException, ConfigException {
    try (var envoy = client(delta)) {
      envoy.connect();
      publish(OTHER_LISTENER);
      Answer bad = envoy.next();
      envoy.refuse(bad, "cannot bind\nto that");

      assertThat(envoy.unexpected()).isNull();
      assertThat(count("pointsman.xds.nacks", "listener")).isEqualTo(1);
      assertThat(registry.get("pointsman.xds.envoys.behind").gauge().value()).isEqualTo(1);

      publish("listener: {port: 1}");
      Answer good = envoy.next();
      assertThat(good.type()).isEqualTo(LISTENERS);
      assertThat(good.version()).isNotEqualTo(bad.version());
      envoy.accept(good);
      await().until(() -> registry.get("pointsman.xds.envoys.behind").gauge().value() == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatAnEnvoyRefusesAtFirstComesWithTheNextChange(boolean delta)
      throws InterruptedException, ConfigException {
    try (var envoy = client(delta)) {
      envoy.subscribe(CLUSTERS);
      envoy.accept(envoy.next());
      envoy.subscribe(ROUTES, "pointsman");
      envoy.refuse(envoy.next(), "unknown field");
      assertThat(envoy.unexpected()).isNull();

      publish(OTHER_ROUTE);
      Answer next = envoy.next();
      assertThat(next.type()).isEqualTo(ROUTES);
      assertThat(next.resources()).containsOnlyKeys("pointsman");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void afterARefusalBackToTheOldSettingsNeedsNothing(boolean delta)
      throws InterruptedException, ConfigException {
    try (var envoy = client(delta)) {
      envoy.connect();
      publish(OTHER_LISTENER);
      envoy.refuse(envoy.next(), "no");
      publish("{}");
      if (!delta) {
        // State of the world cannot tell an Envoy that what it has is right but by sending it.
        envoy.accept(envoy.next());
      }
      assertThat(envoy.unexpected()).isNull();
      await().until(() -> registry.get("pointsman.xds.envoys.behind").gauge().value() == 0);
    }
  }

  /** One of two refused: the other, which was fine, must not get lost. */
  @Test
  void afterARefusalAllThatDiffersFromWhatEnvoyHasIsSent()
      throws InterruptedException, ConfigException {
    String pods = "envoyPatchPolicy: {circuitBreakers: {maxRequests: 7}}\n";
    try (var envoy = client(true)) {
      envoy.connect();
      publish(pods + "backendTrafficPolicy: {circuitBreaker: {maxConnections: 1}}");
      Answer bad = envoy.next();
      assertThat(bad.resources()).containsOnlyKeys("pointsman_pods", "pointsman_plugin_http");
      envoy.refuse(bad, "the second is bad");

      publish(pods + "backendTrafficPolicy: {circuitBreaker: {maxConnections: 2}}");
      assertThat(envoy.next().resources())
          .containsOnlyKeys("pointsman_pods", "pointsman_plugin_http");
    }
  }
}
