package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaTest {

  @ParameterizedTest
  @MethodSource("wrong")
  void aValueOfTheWrongFormIsRefusedWithItsPath(String path, String value) {
    assertThat(Chart.refusal(Yaml.write(Yaml.at(path, Yaml.value(value)))))
        .contains("/" + path.replace('.', '/'));
  }

  static List<Arguments> wrong() {
    return List.of(
        arguments("gatewayPlugin.replicaCount", "0"),
        arguments("gatewayPlugin.replicaCount", "two"),
        arguments("gatewayPlugin.messageTimeout", "60"),
        arguments("gatewayPlugin.messageTimeout", "1d"),
        arguments("gatewayPlugin.statusOnError", "404"),
        arguments("gatewayPlugin.failOpen", "maybe"),
        arguments("gatewayPlugin.container.image.digest", "sha256:12"),
        arguments("gatewayPlugin.container.image.imagePullPolicy", "Sometimes"),
        arguments("gatewayPlugin.container.envs", "{lower: x}"),
        arguments("gatewayPlugin.container.envs", "{A: 1}"),
        arguments("gatewayPlugin.container.resources", "{request: {}}"),
        arguments("gatewayPlugin.container.resources.limits", "{memory: abc}"),
        arguments("gateway.envoyProxy.container.envoy.resources.limits", "{memory: 1 Gi}"),
        arguments("gateway.envoyProxy.container.shutdownManager.resources.limits", "{cpu: -1}"),
        arguments("gatewayPlugin.container.probes.liveness", "{period: 3}"),
        arguments("gatewayPlugin.container.probes.liveness.periodSeconds", "2147483648"),
        arguments("gatewayPlugin.revisionHistoryLimit", "2147483648"),
        arguments("gatewayPlugin.auth.requireApiKey", "maybe"),
        arguments(
            "gatewayPlugin.extProc.backendSettings.healthCheck.passive.consecutiveErrors",
            "2147483648"),
        arguments("gateway.envoyProxy.replicas", "2147483648"),
        arguments("xdsController.replicaCount", "2147483648"),
        arguments("gatewayPlugin.settings", "{--flag: 1}"),
        arguments("gatewayPlugin.settings", "{flag: [1]}"),
        arguments("gatewayPlugin.maxInFlightPerPod", "-1"),
        arguments("gatewayPlugin.discovery.namespaces", "[Upper]"),
        arguments("gatewayPlugin.dependencies.redis.port", "70000"),
        arguments("gatewayPlugin.dependencies.redis.mode", "replicated"),
        arguments("gatewayPlugin.dependencies.redis.nodes", "[host]"),
        arguments("gatewayPlugin.podAntiAffinity", "firm"),
        arguments("gatewayPlugin.podDisruptionBudget.minAvailable", "half"),
        arguments("gatewayPlugin.processingMode.request.body", "Whole"),
        arguments("gatewayPlugin.service.type", "Headless"),
        arguments("gatewayPlugin.extProc.backendSettings.circuitBreaker.maxConnections", "-1"),
        arguments(
            "gatewayPlugin.extProc.backendSettings.circuitBreaker.maxConnections", "4294967296"),
        arguments("autoscaling.minReplicas", "0"),
        arguments("gateway.destination", "anywhere"),
        arguments("gateway.http.port", "0"),
        arguments("gateway.tls.hostname", "https://a.b"),
        arguments("gateway.existing.listeners", "[]"),
        arguments("gateway.httpRoute.paths", "[v1]"),
        arguments("gateway.modelServices", "[{name: a}]"),
        arguments("gateway.clientTrafficPolicy.connection.bufferLimit", "1023"),
        arguments("gateway.clientTrafficPolicy.connection.bufferLimit", "4 MB"),
        arguments("gateway.clientTrafficPolicy.connection.connectionLimit.value", "0"),
        arguments("gateway.clientTrafficPolicy.http2.maxConcurrentStreams", "99"),
        arguments("gateway.backendTrafficPolicy.circuitBreaker.maxParallelRetries", "4294967296"),
        arguments("gateway.envoyPatchPolicy.route.timeout", "2 minutes"),
        arguments("gateway.envoyPatchPolicy.route.retries", "11"),
        arguments("gateway.envoyProxy.logLevel", "loud"),
        arguments("metadata.redis.maxMemory", "1GiB"),
        arguments("metadata.redis.persistence.size", "lots"),
        arguments("existingMasterKeySecret", "Not A Name"),
        arguments("networkPolicy.apiServerPorts", "[]"),
        arguments("prometheus.serviceMonitor.interval", "often"),
        arguments("openTelemetry.samplingRate", "101"),
        arguments("ingress.hosts", "[{host: a}]"),
        arguments("global.imagePullSecrets", "[{secret: a}]"));
  }

  /** One unknown key in each map that has documented keys. */
  @Test
  void unknownKeysAreRefusedEverywhere() {
    var accepted = new TreeSet<String>();
    for (String group : groups()) {
      String path = group.isEmpty() ? "unknownKey" : group + ".unknownKey";
      try {
        Chart.render(Yaml.at(path, "x"));
        accepted.add(path);
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("unknownKey");
      }
    }

    assertThat(accepted).isEmpty();
  }

  private static Set<String> groups() {
    var groups = new TreeSet<String>();
    for (var key : ValuesReference.read(Chart.file("values.yaml"))) {
      int dot = key.path().lastIndexOf('.');
      groups.add(dot < 0 ? "" : key.path().substring(0, dot));
    }
    groups.remove("global"); // Helm hands it to every chart, so others have keys there.
    return groups;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "certmanager",
        "controllerManager",
        "crd",
        "gateway.envoySideCar",
        "gatewayPlugin.initContainer",
        "gpuOptimizer",
        "metadata.service",
        "metadata.serviceAccount",
        "webhook"
      })
  void keysForPartsOfAibrixThatAreNotHereAreAcceptedAndNamedInTheNotes(String path) {
    String values = Yaml.write(Yaml.at(path, Map.of("any", Map.of("thing", 1))));

    assertThat(new TreeMap<>(Chart.render(values).objects()).keySet())
        .isEqualTo(new TreeMap<>(Chart.render().objects()).keySet());
    assertThat(Chart.notes(values)).contains("without effect").contains(path);
    assertThat(Chart.notes()).doesNotContain("without effect");
  }
}
