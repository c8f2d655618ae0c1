package io.pointsman.xds.server;

import static io.pointsman.xds.server.AdsClient.CLUSTERS;
import static io.pointsman.xds.server.AdsClient.LISTENERS;
import static io.pointsman.xds.server.AdsClient.ROUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.server.AdsClient.Answer;
import io.pointsman.xds.settings.Settings;
import io.pointsman.xds.snapshot.EnvoyConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class XdsServerTest extends RunningXdsServer {
  private static String pluginCluster(Answer answer) {
    return answer.resources().keySet().stream()
        .filter(name -> name.matches("pointsman_plugin_[0-9a-f]{8}"))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anEnvoyGetsAllResources(boolean delta) throws InterruptedException {
    try (var envoy = client(delta)) {
      envoy.subscribe(CLUSTERS);
      Answer clusters = envoy.next();
      assertThat(clusters.resources())
          .containsOnlyKeys("pointsman_pods", pluginCluster(clusters), "pointsman_plugin_http");
      envoy.accept(clusters);

      envoy.subscribe(LISTENERS);
      Answer listeners = envoy.next();
      assertThat(listeners.resources()).containsOnlyKeys("pointsman");
      envoy.accept(listeners);

      envoy.subscribe(ROUTES, "pointsman");
      Answer routes = envoy.next();
      assertThat(routes.resources()).containsOnlyKeys("pointsman");
      envoy.accept(routes);
      assertThat(envoy.unexpected()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aChangeReachesEveryEnvoyAndOnlyWithTheTypeThatChanged(boolean delta)
      throws InterruptedException, ConfigException {
    try (var one = client(delta);
        var two = client(!delta)) {
      one.connect();
      two.connect();

      publish(OTHER_ROUTE);

      for (AdsClient envoy : new AdsClient[] {one, two}) {
        Answer routes = envoy.next();
        assertThat(routes.type()).isEqualTo(ROUTES);
        envoy.accept(routes);
        assertThat(envoy.unexpected()).isNull();
      }
    }
  }

  @Test
  void withDeltaOnlyTheResourceThatChangedIsSent() throws InterruptedException, ConfigException {
    try (var envoy = client(true)) {
      envoy.connect();
      publish(OTHER_PODS);
      assertThat(envoy.next().resources()).containsOnlyKeys("pointsman_pods");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void equalSettingsAreNotSentAgain(boolean delta) throws InterruptedException, ConfigException {
    try (var envoy = client(delta)) {
      envoy.connect();
      publish("{} # the same");
      assertThat(envoy.unexpected()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void routesToANewClusterWaitUntilEnvoyHasIt(boolean delta)
      throws InterruptedException, ConfigException {
    try (var envoy = client(delta)) {
      envoy.connect();
      publish(OTHER_PLUGIN.formatted(1));

      Answer clusters = envoy.next();
      assertThat(clusters.type()).isEqualTo(CLUSTERS);
      assertThat(envoy.unexpected()).isNull();

      envoy.accept(clusters);
      Answer routes = envoy.next();
      assertThat(routes.type()).isEqualTo(ROUTES);
      envoy.accept(routes);
      assertThat(envoy.unexpected()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theOldClusterOfThePluginStaysForAWhile(boolean delta)
      throws InterruptedException, ConfigException, IOException {
    server.close();
    var retirement = Duration.ofMillis(500);
    server = XdsServer.start(ANY, Settings.defaults(), new SimpleMeterRegistry(), retirement);
    try (var envoy = client(delta)) {
      envoy.subscribe(CLUSTERS);
      Answer before = envoy.next();
      envoy.accept(before);

      publish(OTHER_PLUGIN.formatted(1));

      Answer added = envoy.next();
      envoy.accept(added);
      Answer removed = envoy.next();
      if (delta) {
        assertThat(added.resources()).hasSize(1);
        assertThat(added.gone()).isEmpty();
        assertThat(removed.resources()).isEmpty();
        assertThat(removed.gone()).containsExactly(pluginCluster(before));
      } else {
        assertThat(added.resources()).hasSize(4).containsKey(pluginCluster(before));
        assertThat(removed.resources()).hasSize(3).doesNotContainKey(pluginCluster(before));
      }
    }
  }

  @Test
  void aClusterThatComesBackIsNotRemovedByItsOldAppointment()
      throws InterruptedException, ConfigException, IOException {
    server.close();
    var retirement = Duration.ofMillis(300);
    server = XdsServer.start(ANY, Settings.defaults(), new SimpleMeterRegistry(), retirement);
    try (var envoy = client(true)) {
      envoy.subscribe(CLUSTERS);
      Answer before = envoy.next();
      envoy.accept(before);
      publish(OTHER_PLUGIN.formatted(1));
      publish("{}");
      Answer added = envoy.next();
      envoy.accept(added);
      Answer removed = envoy.next();
      assertThat(removed.gone()).containsExactly(pluginCluster(added));
      envoy.accept(removed);
      assertThat(envoy.unexpected()).isNull();
    }
  }

  @Test
  void settingsThatChangeAllTheTimeDoNotPileUpClusters()
      throws InterruptedException, ConfigException {
    for (int port = 1; port <= 30; port++) {
      publish(OTHER_PLUGIN.formatted(port));
    }
    try (var envoy = client(true)) {
      envoy.subscribe(CLUSTERS);
      assertThat(envoy.next().resources()).hasSize(3 + 8);
    }
  }

  @Test
  void everyReplicaGivesEqualVersions() throws InterruptedException, IOException, ConfigException {
    publish(OTHER_ROUTE);
    try (var replica =
            XdsServer.start(
                ANY, Settings.parse("other.yaml", OTHER_ROUTE), new SimpleMeterRegistry());
        var one = client(true);
        var two = new AdsClient(replica.port(), true)) {
      assertThat(replica.version()).isEqualTo(server.version());
      for (String type : new String[] {CLUSTERS, LISTENERS, ROUTES}) {
        one.subscribe(type, type.equals(ROUTES) ? new String[] {"pointsman"} : new String[0]);
        two.subscribe(type, type.equals(ROUTES) ? new String[] {"pointsman"} : new String[0]);
        Answer fromOne = one.next();
        Answer fromTwo = two.next();
        assertThat(fromOne.version()).isEqualTo(fromTwo.version());
        assertThat(fromOne.resources()).isEqualTo(fromTwo.resources());
        one.accept(fromOne);
        two.accept(fromTwo);
      }
    }
  }

  @Test
  void anEnvoyThatComesFromAnotherReplicaFindsNothingNew() throws InterruptedException {
    String[] versions = new String[2];
    try (var envoy = client(false)) {
      envoy.subscribe(CLUSTERS);
      Answer clusters = envoy.next();
      versions[0] = clusters.version();
      envoy.accept(clusters);
      envoy.subscribe(LISTENERS);
      versions[1] = envoy.next().version();
    }
    try (var envoy = client(false)) {
      envoy.subscribeAgain(CLUSTERS, versions[0]);
      envoy.subscribeAgain(LISTENERS, versions[1]);
      assertThat(envoy.unexpected()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTypeThatNobodyServesIsLeftUnanswered(boolean delta) throws InterruptedException {
    try (var envoy = client(delta)) {
      envoy.subscribe("type.googleapis.com/envoy.service.runtime.v3.Runtime", "x");
      envoy.connect();
      assertThat(envoy.unexpected()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void connectedEnvoysAreCountedUntilTheyGo(boolean delta) throws InterruptedException {
    var envoys =
        registry.get("pointsman.xds.envoys").tag("protocol", delta ? "delta" : "sotw").gauge();
    try (var envoy = client(delta)) {
      envoy.connect();
      assertThat(envoys.value()).isEqualTo(1);
      assertThat(count("pointsman.xds.pushes", "cluster")).isEqualTo(1);
      await().until(() -> registry.get("pointsman.xds.envoys.behind").gauge().value() == 0);
    }
    await().until(() -> envoys.value() == 0);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theTimeFromChangeToAcknowledgementIsMeasured(boolean delta)
      throws InterruptedException, ConfigException {
    var routes = registry.get("pointsman.xds.apply").tag("type", "route").timer();
    try (var envoy = client(delta)) {
      envoy.connect();
      assertThat(routes.count()).isZero();
      publish(OTHER_ROUTE);
      envoy.accept(envoy.next());
      await().until(() -> routes.count() == 1);
    }
  }

  @Test
  void theVersionInForceIsShown() throws ConfigException {
    String first = server.version();
    publish(OTHER_ROUTE);
    assertThat(server.version()).isNotEqualTo(first);
    assertThat(registry.get("pointsman.xds.settings.info").gauges())
        .extracting(gauge -> gauge.getId().getTag("version"))
        .containsExactly(server.version());
    assertThat(registry.get("pointsman.xds.settings.age").gauge().value()).isNotNegative();
  }

  @Test
  void manyEnvoysAtOnceAllGetTheLastOfManyChanges() throws Exception {
    String last = "envoyPatchPolicy: {route: {idleTimeout: 50s}}";
    String version =
        new VersionedConfig(EnvoyConfig.from(Settings.parse("s.yaml", last)), List.of())
            .version(ResourceType.ROUTE);
    var threads = Executors.newFixedThreadPool(8);
    try {
      var following = new ArrayList<Future<Answer>>();
      for (int i = 0; i < 8; i++) {
        boolean delta = i % 2 == 0;
        following.add(threads.submit(() -> follow(delta, version)));
      }
      for (int i = 1; i <= 50; i++) {
        publish("envoyPatchPolicy: {route: {idleTimeout: " + i + "s}}");
      }
      for (Future<Answer> one : following) {
        assertThat(one.get().version()).isEqualTo(version);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private Answer follow(boolean delta, String version) throws InterruptedException {
    try (var envoy = client(delta)) {
      envoy.subscribe(CLUSTERS);
      envoy.accept(envoy.next());
      envoy.subscribe(ROUTES, "pointsman");
      Answer answer = envoy.next();
      while (!answer.version().equals(version)) {
        envoy.accept(answer);
        answer = envoy.next();
      }
      return answer;
    }
  }
}
