package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.list;

import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.settings.Settings;
import io.pointsman.xds.snapshot.EnvoyConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The settings file that the chart renders, as the controller reads it. */
class SettingsTest {
  static Settings settings(String... values) throws ConfigException {
    Map<String, Object> file = Chart.render(values).object("ConfigMap/rel-xds-controller");
    return Settings.parse(
        "values", String.valueOf(Yaml.map(file.get("data")).get("settings.yaml")));
  }

  static List<Path> valuesFiles() throws IOException {
    return LintTest.valuesFiles();
  }

  @ParameterizedTest
  @MethodSource("valuesFiles")
  void theControllerTakesWhatAnyValuesFileRenders(Path values) throws Exception {
    assertThat(settings(Files.readString(values)).gateway().namePrefix()).isEqualTo("rel");
  }

  /** Otherwise the controller could not keep them, or could do more than that. */
  @ParameterizedTest
  @ValueSource(strings = {"default", "existing-gateway", "endpoint-override"})
  void theControllerMayTouchItsPoliciesAndNoOthers(String name) throws Exception {
    String values = Chart.file("ci/" + name + "-values.yaml");
    boolean apart = name.equals("existing-gateway");
    Rendered rendered = Chart.render(values);
    Map<String, Object> role =
        rendered.object(
            "Role/" + (apart ? "ns-rel-xds-controller-policies" : "rel-xds-controller-policies"));
    Map<String, Object> byName = Yaml.map(Yaml.list(role.get("rules")).get(0));
    Set<String> names =
        Policies.ids(settings(values).gateway()).stream()
            .map(id -> id.name())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> kinds =
        Policies.ids(settings(values).gateway()).stream()
            .map(id -> id.kind().plural())
            .collect(Collectors.toSet());

    assertThat(Yaml.map(role.get("metadata")))
        .containsEntry("namespace", apart ? "gateways" : "ns");
    assertThat(byName.get("resourceNames"))
        .asInstanceOf(list(String.class))
        .containsExactlyInAnyOrderElementsOf(names);
    assertThat(byName.get("resources"))
        .asInstanceOf(list(String.class))
        .containsExactlyInAnyOrderElementsOf(kinds);
  }

  @Test
  void aMessageOfThePluginsHoldsTheLongestBodyThatEnvoySends() throws Exception {
    String values = "gateway: {clientTrafficPolicy: {connection: {bufferLimit: 12Mi}}}";
    String env = "spec.template.spec.containers[gateway-plugin].env[POINTSMAN_MAX_%s_BYTES].value";
    String plugin = "Deployment/rel-gateway-plugin";

    assertThat(settings(values).clientTrafficPolicy().connection().bufferLimit())
        .isEqualTo(12L << 20);
    assertThat(Chart.render(values).at(plugin, env.formatted("BODY")))
        .isEqualTo(String.valueOf(12 << 20));
    assertThat(Chart.render(values).at(plugin, env.formatted("MESSAGE")))
        .isEqualTo(String.valueOf((12 << 20) + (64 << 10)));
  }

  @Test
  void aRequestWithoutAPickGetsTheSameAnswerAsFromTheControllersOwnEnvoys() throws Exception {
    Route route =
        EnvoyConfig.from(settings()).routes().getVirtualHostsList().stream()
            .flatMap(host -> host.getRoutesList().stream())
            .filter(Route::hasDirectResponse)
            .findFirst()
            .orElseThrow();
    var expectedHeaders = new TreeMap<String, String>();
    for (HeaderValueOption option : route.getResponseHeadersToAddList()) {
      expectedHeaders.put(option.getHeader().getKey(), option.getHeader().getValue());
    }
    Map<String, Object> spec = Yaml.map(Chart.render().object("HTTPRouteFilter/rel").get("spec"));
    Map<String, Object> answer = Yaml.map(spec.get("directResponse"));
    var headers = new TreeMap<String, String>();
    headers.put("content-type", String.valueOf(answer.get("contentType")));
    for (Object header : Yaml.list(Yaml.map(answer.get("header")).get("set"))) {
      headers.put(
          String.valueOf(Yaml.map(header).get("name")),
          String.valueOf(Yaml.map(header).get("value")));
    }

    assertThat(answer.get("statusCode")).isEqualTo(route.getDirectResponse().getStatus());
    assertThat(Yaml.map(answer.get("body")).get("inline"))
        .isEqualTo(route.getDirectResponse().getBody().getInlineString());
    assertThat(headers).isEqualTo(expectedHeaders);
  }
}
