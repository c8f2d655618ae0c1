package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The chart as operators install it. */
class ScenarioTest {
  private static final String PLUGIN = "Deployment/rel-gateway-plugin";
  private static final String CONTAINER = "spec.template.spec.containers[gateway-plugin].";

  @Test
  void theDefaultsInstallEveryPart() {
    assertThat(Chart.render().names())
        .contains(
            "Deployment/rel-gateway-plugin",
            "Deployment/rel-xds-controller",
            "StatefulSet/rel-redis-master",
            "GatewayClass/ns-rel",
            "Gateway/rel",
            "EnvoyProxy/rel",
            "HTTPRoute/rel",
            "HTTPRoute/rel-models",
            "HTTPRouteFilter/rel",
            "PodDisruptionBudget/rel-gateway-plugin",
            "NetworkPolicy/rel-gateway-plugin");
  }

  @Test
  void theMinimumIsThePluginAndAnIdleController() {
    assertThat(Chart.render(Chart.file("ci/minimal-values.yaml")).names())
        .doesNotContain("Gateway/rel", "StatefulSet/rel-redis-master")
        .contains(PLUGIN);
  }

  @Test
  void pluginsReachTheChartsRedisUnlessAnotherIsNamed() {
    assertThat(Chart.render().at(PLUGIN, CONTAINER + "env[REDIS_HOST].value"))
        .isEqualTo("rel-redis-master");
    assertThat(Chart.render().at(PLUGIN, CONTAINER + "env[REDIS_PORT].value")).isEqualTo("6379");

    Rendered external = Chart.render("gatewayPlugin: {dependencies: {redis: {host: r, port: 1}}}");

    assertThat(external.names()).doesNotContain("StatefulSet/rel-redis-master");
    assertThat(external.at(PLUGIN, CONTAINER + "env[REDIS_HOST].value")).isEqualTo("r");
    assertThat(external.at(PLUGIN, CONTAINER + "env[REDIS_PORT].value")).isEqualTo("1");
  }

  @Test
  void noObjectOfOneReleaseIsOneOfAnother() {
    var first = new TreeSet<>(identities(Chart.renderAs("rel", "one")).keySet());

    assertThat(identities(Chart.renderAs("other", "one"))).doesNotContainKeys(array(first));
    assertThat(identities(Chart.renderAs("rel", "two"))).doesNotContainKeys(array(first));
  }

  private static String[] array(TreeSet<String> keys) {
    return keys.toArray(String[]::new);
  }

  private static Map<String, Object> identities(Rendered rendered) {
    var identities = new TreeMap<String, Object>();
    rendered
        .objects()
        .forEach(
            (name, object) ->
                identities.put(
                    name + " in " + Yaml.map(object.get("metadata")).get("namespace"), object));
    return identities;
  }

  @Test
  void everyPodRunsWithoutRootOnAFileSystemThatItCannotWrite() {
    Chart.render()
        .objects()
        .forEach(
            (name, object) -> {
              Object podSpec = podSpec(object);
              if (podSpec == null) {
                return;
              }
              Map<String, Object> pod = Yaml.map(podSpec);
              assertThat(Yaml.map(pod.get("securityContext")))
                  .as(name)
                  .containsEntry("runAsNonRoot", true)
                  .containsEntry("seccompProfile", Map.of("type", "RuntimeDefault"));
              Yaml.list(pod.get("containers"))
                  .forEach(
                      container ->
                          assertThat(Yaml.map(Yaml.map(container).get("securityContext")))
                              .as(name)
                              .containsEntry("readOnlyRootFilesystem", true)
                              .containsEntry("allowPrivilegeEscalation", false)
                              .extractingByKey("capabilities")
                              .hasToString("{drop=[ALL]}"));
            });
  }

  private static @Nullable Object podSpec(Map<String, Object> object) {
    return object.get("spec") instanceof Map<?, ?> spec
            && spec.get("template") instanceof Map<?, ?> template
        ? template.get("spec")
        : null;
  }
}
