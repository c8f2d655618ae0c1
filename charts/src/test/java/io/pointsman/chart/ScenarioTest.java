package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.redis.RedisTarget;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
            "NetworkPolicy/rel-gateway-plugin",
            "Job/rel-delete-policies",
            "Pod/rel-test");
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

  private static String[] array(Set<String> keys) {
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
    if ("Pod".equals(object.get("kind"))) {
      return object.get("spec");
    }
    return object.get("spec") instanceof Map<?, ?> spec
            && spec.get("template") instanceof Map<?, ?> template
        ? template.get("spec")
        : null;
  }

  @Test
  void namesBeginWithTheReleaseOrAsToldOtherwise() {
    assertThat(Chart.render("nameOverride: x").names()).contains("Deployment/rel-x-gateway-plugin");
    assertThat(Chart.render("fullnameOverride: x").names())
        .contains("Deployment/x-gateway-plugin", "GatewayClass/ns-x", "Service/x-redis-master");
  }

  @Test
  void commonLabelsAndAnnotationsAreOnEveryObject() {
    Chart.render("{commonLabels: {team: llm}, commonAnnotations: {owner: me}}")
        .objects()
        .forEach(
            (name, object) -> {
              Map<String, Object> metadata = Yaml.map(object.get("metadata"));
              assertThat(Yaml.map(metadata.get("labels"))).as(name).containsEntry("team", "llm");
              assertThat(Yaml.map(metadata.get("annotations")))
                  .as(name)
                  .containsEntry("owner", "me");
            });
  }

  @Test
  void selectorsDoNotChangeWithLabelsOrVersions() {
    Rendered rendered = Chart.render("commonLabels: {team: llm}");

    for (String workload : List.of(PLUGIN, "Deployment/rel-xds-controller")) {
      assertThat(Yaml.map(Yaml.map(rendered.object(workload).get("spec")).get("selector")))
          .extractingByKey("matchLabels")
          .asInstanceOf(InstanceOfAssertFactories.MAP)
          .containsOnlyKeys(
              "app.kubernetes.io/name",
              "app.kubernetes.io/instance",
              "app.kubernetes.io/component");
    }
  }

  @Test
  void severalReplicasWithoutRedisMustBeMeant() {
    assertThat(
            Chart.render(
                    "{metadata: {redis: {enabled: false}}, gatewayPlugin: {withoutSharedState:"
                        + " true}}")
                .names())
        .contains(PLUGIN)
        .doesNotContain("StatefulSet/rel-redis-master");
  }

  @Test
  void anExistingGatewayGetsRoutesInItsNamespaceAndALeaveToNameThePlugin() {
    Rendered rendered = Chart.render(Chart.file("ci/existing-gateway-values.yaml"));

    assertThat(rendered.names())
        .doesNotContain("Gateway/rel", "GatewayClass/ns-rel", "EnvoyProxy/rel")
        .contains("ReferenceGrant/rel", "Job/rel-delete-policies");
    assertThat(rendered.at("HTTPRoute/rel", "metadata.namespace")).isEqualTo("gateways");
    assertThat(rendered.at("HTTPRouteFilter/rel", "metadata.namespace")).isEqualTo("gateways");
    assertThat(rendered.at("HTTPRoute/rel", "spec.parentRefs[1].sectionName"))
        .isEqualTo("internal");
    assertThat(rendered.at("ReferenceGrant/rel", "spec.from[0].namespace")).isEqualTo("gateways");
  }

  @Test
  void theRouteLeadsEveryApiOfThePluginThroughIt() {
    Object rules = Yaml.map(Chart.render().object("HTTPRoute/rel").get("spec")).get("rules");
    List<Object> matches = Yaml.list(Yaml.map(Yaml.list(rules).get(0)).get("matches"));

    assertThat(matches)
        .extracting(match -> Yaml.map(Yaml.map(match).get("path")).get("value"))
        .containsExactlyInAnyOrderElementsOf(Stream.of(Api.values()).map(Api::path).toList());
  }

  @Test
  void aTextThatLooksLikeANumberStaysAText() {
    Rendered rendered =
        Chart.render(
            "{gateway: {envoyProxy: {container: {envoy: {image: '123'}}, service: {name: '456',"
                + " loadBalancerClass: 'true'}}}, gatewayPlugin: {priorityClassName: '1e3',"
                + " container: {image: {repository: '12', tag: '34'}}}}");
    String envoy = "spec.provider.kubernetes.envoyDeployment.container.image";
    String service = "spec.provider.kubernetes.envoyService.";

    assertThat(rendered.at("EnvoyProxy/rel", envoy)).isEqualTo("123");
    assertThat(rendered.at("EnvoyProxy/rel", service + "name")).isEqualTo("456");
    assertThat(rendered.at("EnvoyProxy/rel", service + "loadBalancerClass")).isEqualTo("true");
    assertThat(rendered.at(PLUGIN, "spec.template.spec.priorityClassName")).isEqualTo("1e3");
    assertThat(rendered.at(PLUGIN, CONTAINER + "image")).isEqualTo("12:34");
  }

  /** Without a pick Envoy would take any of the backends, which are pods of all models. */
  @Test
  void withEndpointOverrideOnlyARequestThatNamesAPodReachesPods() {
    Rendered rendered = Chart.render(Chart.file("ci/endpoint-override-values.yaml"));
    Object spec = rendered.object("HTTPRoute/rel").get("spec");
    List<Object> rules = Yaml.list(Yaml.map(spec).get("rules"));

    assertThat(rules).hasSize(2);
    assertThat(Yaml.map(rules.get(0))).containsKey("backendRefs").doesNotContainKey("filters");
    assertThat(Yaml.list(Yaml.map(rules.get(0)).get("matches")))
        .hasSize(Api.values().length)
        .extracting(match -> Yaml.map(match).get("headers"))
        .containsOnly(
            List.of(Map.of("type", "RegularExpression", "name", "target-pod", "value", ".+")));
    assertThat(rules.get(1)).isEqualTo(onlyRule(Chart.render()));
    assertThat(rendered.object("HTTPRouteFilter/rel"))
        .isEqualTo(Chart.render().object("HTTPRouteFilter/rel"));
  }

  private static Object onlyRule(Rendered rendered) {
    Object spec = rendered.object("HTTPRoute/rel").get("spec");
    List<Object> rules = Yaml.list(Yaml.map(spec).get("rules"));
    assertThat(rules).hasSize(1);
    return rules.get(0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{host: h, port: 7000, database: 2}; redis://h:7000/2",
        "{host: h, username: a@b}; redis://a%40b@h:6379/0",
        "{host: h, tls: {enabled: true}}; rediss://h:6379/0",
        "{mode: cluster, nodes: ['a:1', 'b:2']}; redis-cluster://a:1,b:2/0",
        "{mode: sentinel, nodes: ['a:1'], masterName: m, tls: {enabled: true}};"
            + " rediss-sentinel://a:1/0?master=m"
      })
  void thePluginIsToldWhatRedisIsOutside(String redis, String url) {
    String values = "gatewayPlugin: {dependencies: {redis: " + redis + "}}";
    String told =
        (String) Chart.render(values).at(PLUGIN, CONTAINER + "env[POINTSMAN_REDIS_URL].value");

    RedisTarget target = RedisTarget.parse(told);
    assertThat(target).isEqualTo(RedisTarget.parse(url.replace("@h", ":@h")));
    assertThat(target.password()).isNull();
  }

  @Test
  void anOlderKubernetesSleepsByAProgram() {
    assertThat(
            Chart.renderFor("1.25.0").at(PLUGIN, CONTAINER + "lifecycle.preStop.exec.command[0]"))
        .isEqualTo("sleep");
    assertThat(Chart.render().at(PLUGIN, CONTAINER + "lifecycle.preStop.sleep.seconds"))
        .isEqualTo(3);
  }

  @Test
  void theNotesHaveACurlThatLeadsToEnvoy() {
    assertThat(Chart.notes())
        .contains("port-forward service/ns-rel-envoy 8888:80")
        .contains("curl -s http://localhost:8888/v1/models")
        .contains("enableEnvoyPatchPolicy=true");
    assertThat(Chart.render().at("EnvoyProxy/rel", "spec.provider.kubernetes.envoyService.name"))
        .isEqualTo("ns-rel-envoy");
    assertThat(Chart.notes(Chart.file("ci/aibrix-values.yaml")))
        .contains("controllerManager, crd, gatewayPlugin.initContainer, metadata.service, webhook");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{}; curl -s http://localhost:8888/v1/",
        "{httpRoute: {hostnames: ['*.a.b']}}; curl -s -H 'host: any.a.b' http://localhost:8888/v1/",
        "{existing: {name: x}}; curl -s \"http://$ADDRESS\"/v1/",
        "{existing: {name: x}, httpRoute: {hostnames: [a.b]}};"
            + " curl -s -H 'host: a.b' \"http://$ADDRESS\"/v1/",
        "{http: {enabled: false}, tls: {enabled: true, secretName: x}};"
            + " curl -sk --connect-to ::localhost:8443 https://localhost/v1/",
        "{http: {enabled: false}, tls: {enabled: true, secretName: x, hostname: '*.a.b'}};"
            + " curl -sk --connect-to ::localhost:8443 https://any.a.b/v1/"
      })
  void theirCurlAsksForAHostThatTheRoutesTake(String gateway, String curl) {
    assertThat(Chart.notes("gateway: " + gateway))
        .contains(curl + "models\n", curl + "chat/completions \\\n    -H 'content-type");
  }

  @Test
  void anOlderKubernetesThanItNeedsIsRefused() {
    assertThatThrownBy(() -> Chart.renderFor("1.24.17"))
        .hasMessageContaining("chart requires kubeVersion: >=1.25.0-0");
    assertThat(Chart.renderFor("1.25.0-gke.100").names()).contains(PLUGIN);
  }

  @Test
  void valuesOfAibrixReachTheirPlaces() {
    Rendered rendered = Chart.render(Chart.file("ci/aibrix-values.yaml"));

    assertThat(rendered.at(PLUGIN, "spec.replicas")).isEqualTo(3);
    assertThat(rendered.at(PLUGIN, CONTAINER + "livenessProbe.grpc.port")).isEqualTo(50052);
    assertThat(rendered.all(PLUGIN).keySet())
        .noneMatch(path -> path.contains("livenessProbe.http"));
    assertThat(rendered.at(PLUGIN, CONTAINER + "env[AIBRIX_PREFIX_CACHE_BLOCK_SIZE].value"))
        .isEqualTo("256");
    assertThat(rendered.at(PLUGIN, CONTAINER + "env[POINTSMAN_MAX_MESSAGE_BYTES].value"))
        .isEqualTo(String.valueOf(8388608 + 65536));
    assertThat(
            rendered.at(
                "EnvoyProxy/rel",
                "spec.provider.kubernetes.envoyDeployment.patch.value.spec.template.spec"
                    + ".containers[shutdown-manager].image"))
        .isEqualTo("envoyproxy/gateway:v1.2.8");
    assertThat(rendered.names()).contains("ServiceMonitor/rel", "Secret/rel-redis");
  }
}
