package io.pointsman.xds.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import io.pointsman.xds.settings.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class EnvoyConfigTest {
  static Stream<Arguments> changes() {
    return SettingChanges.ALL.stream();
  }

  private static EnvoyConfig config(String text) throws ConfigException {
    return EnvoyConfig.from(Settings.parse("s.yaml", text));
  }

  private static String document(String path, String value) {
    String[] names = path.split("\\.", -1);
    return "{" + String.join(": {", names) + ": " + value + "}".repeat(names.length);
  }

  @ParameterizedTest
  @MethodSource("changes")
  void eachSettingChangesItsFieldsAndNoOthers(String key, String value, List<String> changes)
      throws ConfigException {
    Map<String, String> difference = Flat.difference(config("{}"), config(document(key, value)));

    assertThat(shortenReplies(difference)).isEqualTo(expected(changes));
  }

  private static Map<String, String> expected(List<String> changes) {
    var expected = new TreeMap<String, String>();
    for (String change : changes) {
      if (!change.equals("same")) {
        expected.put(
            change.substring(0, change.lastIndexOf('=')),
            change.substring(change.lastIndexOf('=') + 1));
      }
    }
    return expected;
  }

  /** The rewriting of Envoy's own 413 answer as one line: it is there, gone or at another place. */
  private static Map<String, String> shortenReplies(Map<String, String> difference) {
    var shortened = new TreeMap<String, String>();
    difference.forEach(
        (path, value) -> {
          if (!path.startsWith("hcm.local_reply_config.mappers[")) {
            shortened.put(path, value);
          } else if (path.endsWith("default_value")) {
            shortened.put(
                "hcm.local_reply_config.mappers[413]",
                value.equals("(none)") ? "(none)" : "(moved)");
          }
        });
    return shortened;
  }

  @Test
  void theTableOfChangesHasEveryKey() throws ConfigException, IOException {
    var keys = new ArrayList<String>();
    try (var in = Settings.class.getResourceAsStream("settings.example.yaml")) {
      assertThat(in).isNotNull();
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      collect(YamlNode.parse("example", text).map(), keys);
    }
    assertThat(SettingChanges.ALL.stream().map(change -> (String) change.get()[0]).distinct())
        .containsExactlyInAnyOrderElementsOf(keys);
  }

  private static void collect(YamlMap map, List<String> keys) throws ConfigException {
    for (String key : map.keys()) {
      YamlNode value = map.required(key);
      if (value.isMap() && !value.map().keys().isEmpty()) {
        collect(value.map(), keys);
      } else {
        keys.add(value.path());
      }
    }
  }

  @Test
  void namesAreLookedUpAsOftenAsTheSettingSays() throws ConfigException {
    String names = "gatewayPlugin: {addresses: ['plugin:1', '10.0.0.1:1']";
    assertThat(
            Flat.difference(
                config(names + "}"),
                config(names + ", extProc: {backendSettings: {dns: {dnsRefreshRate: 1m}}}}")))
        .isEqualTo(
            Map.of("cluster[pointsman_plugin].cluster_type.typed_config.dns_refresh_rate", "60s"));
  }

  @Test
  void aListenerOnAllIpv6AddressesTakesIpv4Too() throws ConfigException {
    assertThat(Flat.difference(config("{}"), config("listener: {address: '::'}")))
        .isEqualTo(
            Map.of(
                "listener.address.socket_address.address", "::",
                "listener.address.socket_address.ipv4_compat", "true"));
  }

  @Test
  void aBufferBelowTheSmallestHttp2WindowLeavesThatWindow() throws ConfigException {
    assertThat(
            Flat.difference(
                config("{}"),
                config(document("clientTrafficPolicy.connection.bufferLimit", "1Ki"))))
        .isEqualTo(
            Map.of(
                "listener.per_connection_buffer_limit_bytes", "1024",
                "hcm.http2_protocol_options.initial_stream_window_size", "65535"));
  }

  @Test
  void thePluginsClusterHasANameByItsContent() throws ConfigException {
    String byDefault = pluginCluster(config("{}")).getName();
    String pods = pluginCluster(config("envoyPatchPolicy: {route: {retries: 1}}")).getName();
    String other = pluginCluster(config("gatewayPlugin: {addresses: ['10.0.0.1:1']}")).getName();

    assertThat(byDefault).matches("pointsman_plugin_[0-9a-f]{8}");
    assertThat(pods).isEqualTo(byDefault);
    assertThat(other).matches("pointsman_plugin_[0-9a-f]{8}").isNotEqualTo(byDefault);
    assertThat(pluginCluster(config("{}")).getLoadAssignment().getClusterName())
        .isEqualTo(byDefault);
  }

  @Test
  void whatRefersToThePluginsClusterHasItsName() throws ConfigException {
    EnvoyConfig config = config("accessLog: {enabled: true}");
    String name = pluginCluster(config).getName();
    assertThat(config.routes().toString()).contains(name);
    assertThat(Protos.serialize(config.listener()).toStringUtf8()).contains(name);
  }

  private static Cluster pluginCluster(EnvoyConfig config) {
    return config.clusters().stream()
        .filter(cluster -> cluster.getAltStatName().equals(Names.PLUGIN))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void equalSettingsGiveEqualBytes() throws ConfigException {
    EnvoyConfig one = config("{}");
    EnvoyConfig two = EnvoyConfig.from(Settings.defaults());
    assertThat(Protos.serialize(one.listener())).isEqualTo(Protos.serialize(two.listener()));
    assertThat(Protos.serialize(one.routes())).isEqualTo(Protos.serialize(two.routes()));
    assertThat(one.clusters()).isEqualTo(two.clusters());
  }

  @Test
  void clientsCannotSetWhatOnlyThePluginMay() {
    Map<String, String> flat = Flat.of(EnvoyConfig.from(Settings.defaults()));
    flat.keySet().removeIf(path -> !path.startsWith("hcm.early_header_mutation_extensions"));
    assertThat(flat.values())
        .contains("target-pod", "x-gateway-destination-endpoint", "prefill-target-pod")
        .containsAll(ControlHeaders.PLUGIN)
        .containsAll(ControlHeaders.ROUTER);
  }

  @Test
  void whatMatchesNoRouteIsNotAskedOf() {
    assertThat(Flat.of(EnvoyConfig.from(Settings.defaults())))
        .containsEntry("hcm.http_filters[envoy.filters.http.ext_proc].disabled", "true")
        .containsEntry(
            "vhost.ext_proc.overrides.grpc_service.envoy_grpc.cluster_name", "pointsman_plugin_#");
  }

  @Test
  void aPluginThatFailsIsAnsweredForInTheContractsFormWhereTheFilterFailsClosed()
      throws ConfigException {
    String cause = "response.code_details.startsWith(\"ext_proc_error\")";
    assertThat(Flat.of(config("gatewayPlugin: {failOpen: false}")).values()).contains(cause);
    assertThat(Flat.of(config("gatewayPlugin: {failOpen: true}")).values()).doesNotContain(cause);
  }

  /**
   * Envoy sends on up to twice the buffer and one read of 128 KiB; the plugin takes the limit and
   * 64 KiB.
   */
  @ParameterizedTest
  @CsvSource({"4Mi, 2031616", "1Mi, 458752", "256Ki, 65536", "4Ki, 1024"})
  void cutBodiesFitIntoAMessage(String limit, String buffer) throws ConfigException {
    EnvoyConfig config =
        config(
            "{gatewayPlugin: {processingMode: {request: {body: BufferedPartial}}},"
                + " clientTrafficPolicy: {connection: {bufferLimit: %s}}}".formatted(limit));
    assertThat(Flat.of(config)).containsEntry("listener.per_connection_buffer_limit_bytes", buffer);
  }

  @Test
  void onlyThePickLeadsToAPodAndWithoutOneThereIs503() {
    Map<String, String> flat = Flat.of(EnvoyConfig.from(Settings.defaults()));
    assertThat(flat)
        .containsEntry("vhost.routes[picked].match.headers[target-pod].present_match", "true")
        .containsEntry("vhost.routes[picked].route.cluster", "pointsman_pods")
        .containsEntry("vhost.routes[nothing-picked].direct_response.status", "503")
        .containsEntry(
            "vhost.routes[nothing-picked].direct_response.body.inline_string",
            "{\"error\":{\"message\":\"no endpoint was picked for this request; retry shortly\","
                + "\"type\":\"overloaded_error\",\"code\":\"service_unavailable\",\"param\":null}}")
        .containsEntry(
            "vhost.routes[nothing-picked].response_headers_to_add[1].header.key", "retry-after")
        .containsEntry("vhost.routes[models].match.path", "/v1/models")
        .containsEntry(
            "vhost.routes[models].match.headers[:method].string_match.safe_regex.regex", "GET|HEAD")
        .containsEntry("vhost.routes[models].ext_proc.disabled", "true");
    assertThat(flat.values().stream().filter("pointsman_pods"::equals)).hasSize(2);
  }
}
