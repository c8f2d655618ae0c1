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
  private static final String PLUGIN = "gatewayPlugin.extProc.backendSettings.";
  private static final String RETRY = "vhost.ext_proc.overrides.grpc_service.retry_policy";

  /** Every key, another value for it, and all that changes in Envoy. */
  private static final List<Arguments> CHANGES =
      List.of(
          change(
              "listener.address", "10.0.0.1", "listener.address.socket_address.address=10.0.0.1"),
          change("listener.port", "443", "listener.address.socket_address.port_value=443"),
          change(
              "clientTrafficPolicy.connection.bufferLimit",
              "8Mi",
              "listener.per_connection_buffer_limit_bytes=8388608",
              "hcm.http2_protocol_options.initial_stream_window_size=8388608"),
          change(
              "clientTrafficPolicy.connection.connectionLimit.value",
              "4294967295",
              "connection_limit.max_connections=4294967295"),
          change(
              "clientTrafficPolicy.http2.maxConcurrentStreams",
              "100",
              "hcm.http2_protocol_options.max_concurrent_streams=100"),
          change(
              "clientTrafficPolicy.http2.initialConnectionWindowSize",
              "65535",
              "hcm.http2_protocol_options.initial_connection_window_size=65535"),
          change(
              "clientTrafficPolicy.timeout.http.requestReceivedTimeout",
              "1m30s",
              "hcm.request_timeout=90s"),
          change(
              "clientTrafficPolicy.timeout.http.idleTimeout",
              "0s",
              "hcm.common_http_protocol_options.idle_timeout=0s"),
          change(
              "clientTrafficPolicy.timeout.http.streamIdleTimeout",
              "500ms",
              "hcm.stream_idle_timeout=0.500s"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxConnections",
              "0",
              "cluster[pointsman_plugin_http].circuit_breakers.thresholds[0].max_connections=0"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxPendingRequests",
              "4294967295",
              "cluster[pointsman_plugin_http].circuit_breakers.thresholds[0]"
                  + ".max_pending_requests=4294967295"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxParallelRequests",
              "2",
              "cluster[pointsman_plugin_http].circuit_breakers.thresholds[0].max_requests=2"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxParallelRetries",
              "3",
              "cluster[pointsman_plugin_http].circuit_breakers.thresholds[0].max_retries=3"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxRequestsPerConnection",
              "4",
              "cluster[pointsman_plugin_http].http.common_http_protocol_options=(none)",
              "cluster[pointsman_plugin_http].http.common_http_protocol_options"
                  + ".max_requests_per_connection=4"),
          change("envoyPatchPolicy.route.timeout", "2m", "same"),
          change("envoyPatchPolicy.route.timeout", "0s", "vhost.routes[picked].route.timeout=0s"),
          change(
              "envoyPatchPolicy.route.connectTimeout",
              "6s",
              "cluster[pointsman_pods].connect_timeout=6s"),
          change(
              "envoyPatchPolicy.route.idleTimeout",
              "1h1m",
              "vhost.routes[picked].route.idle_timeout=3660s"),
          change(
              "envoyPatchPolicy.route.perTryIdleTimeout",
              "0s",
              "vhost.routes[picked].route.retry_policy.per_try_idle_timeout=(none)"),
          change(
              "envoyPatchPolicy.route.retries",
              "2",
              "vhost.routes[picked].route.retry_policy.num_retries=2",
              "vhost.routes[picked].route.retry_policy.retry_on="
                  + "connect-failure,refused-stream,reset-before-request"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxConnections",
              "5",
              "cluster[pointsman_pods].circuit_breakers.thresholds[0].max_connections=5"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxRequests",
              "6",
              "cluster[pointsman_pods].circuit_breakers.thresholds[0].max_requests=6"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxPendingRequests",
              "7",
              "cluster[pointsman_pods].circuit_breakers.thresholds[0].max_pending_requests=7"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxRetries",
              "8",
              "cluster[pointsman_pods].circuit_breakers.thresholds[0].max_retries=8"),
          change(
              "envoyPatchPolicy.circuitBreakers.perEndpoint.maxConnections",
              "9",
              "cluster[pointsman_pods].circuit_breakers.per_host_thresholds[0].max_connections=9"),
          change(
              "envoyPatchPolicy.connection.bufferLimit",
              "4294967295",
              "cluster[pointsman_pods].per_connection_buffer_limit_bytes=4294967295"),
          change(
              "envoyPatchPolicy.connection.idleTimeout",
              "30s",
              "cluster[pointsman_pods].http.common_http_protocol_options.idle_timeout=30s",
              "cluster[pointsman_pods].cleanup_interval=30s"),
          change(
              "envoyPatchPolicy.connection.idleTimeout",
              "1s",
              "cluster[pointsman_pods].http.common_http_protocol_options.idle_timeout=1s",
              "cluster[pointsman_pods].cleanup_interval=5s"),
          change(
              "envoyPatchPolicy.connection.idleTimeout",
              "0s",
              "cluster[pointsman_pods].http.common_http_protocol_options.idle_timeout=0s",
              "cluster[pointsman_pods].cleanup_interval=3600s"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.probes",
              "4",
              "cluster[pointsman_pods].upstream_connection_options.tcp_keepalive"
                  + ".keepalive_probes=4"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.idleTime",
              "2m",
              "cluster[pointsman_pods].upstream_connection_options.tcp_keepalive"
                  + ".keepalive_time=120"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.interval",
              "3s",
              "cluster[pointsman_pods].upstream_connection_options.tcp_keepalive"
                  + ".keepalive_interval=3"),
          change(
              "envoyPatchPolicy.preserveExternalRequestID",
              "true",
              "hcm.preserve_external_request_id=true"),
          change(
              "gatewayPlugin.addresses",
              "['[::1]:7', '10.0.0.1:8']",
              endpoint("pointsman_plugin", 0, "address=::1"),
              endpoint("pointsman_plugin", 0, "port_value=7"),
              endpoint("pointsman_plugin", 1, "address=10.0.0.1"),
              endpoint("pointsman_plugin", 1, "port_value=8")),
          change(
              "gatewayPlugin.addresses",
              "[plugin:7]",
              endpoint("pointsman_plugin", 0, "address=plugin"),
              endpoint("pointsman_plugin", 0, "port_value=7"),
              "cluster[pointsman_plugin].type=(none)",
              "cluster[pointsman_plugin].cluster_type.name=envoy.cluster.dns",
              "cluster[pointsman_plugin].cluster_type.typed_config.dns_lookup_family=V4_PREFERRED",
              "cluster[pointsman_plugin].cluster_type.typed_config.dns_refresh_rate=5s"),
          change(
              "gatewayPlugin.httpAddresses",
              "['10.0.0.1:80']",
              endpoint("pointsman_plugin_http", 0, "address=10.0.0.1"),
              endpoint("pointsman_plugin_http", 0, "port_value=80")),
          change("gatewayPlugin.messageTimeout", "60s", "ext_proc.message_timeout=60s"),
          change("gatewayPlugin.maxMessageTimeout", "0s", "ext_proc.max_message_timeout=0s"),
          change(
              "gatewayPlugin.failOpen",
              "false",
              "ext_proc.failure_mode_allow=(none)",
              "hcm.local_reply_config.mappers[413]=(moved)"),
          change("gatewayPlugin.statusOnError", "500", "ext_proc.#24.#1=500"),
          change(
              "gatewayPlugin.processingMode.request.body",
              "None",
              "ext_proc.processing_mode.request_body_mode=(none)",
              "hcm.local_reply_config.mappers[413]=(none)"),
          change(
              "gatewayPlugin.processingMode.request.body",
              "BufferedPartial",
              "ext_proc.processing_mode.request_body_mode=BUFFERED_PARTIAL",
              "listener.per_connection_buffer_limit_bytes=2031616",
              "hcm.http2_protocol_options.initial_stream_window_size=2031616",
              "hcm.local_reply_config.mappers[413]=(none)"),
          change(
              "gatewayPlugin.processingMode.request.body",
              "Streamed",
              "ext_proc.processing_mode.request_body_mode=STREAMED",
              "hcm.local_reply_config.mappers[413]=(none)"),
          change(
              "gatewayPlugin.processingMode.request.body",
              "FullDuplexStreamed",
              "ext_proc.processing_mode.request_body_mode=FULL_DUPLEX_STREAMED",
              "ext_proc.processing_mode.request_trailer_mode=SEND",
              "hcm.local_reply_config.mappers[413]=(none)"),
          change(
              "gatewayPlugin.processingMode.response.headers",
              "false",
              "ext_proc.processing_mode.response_header_mode=SKIP"),
          change(
              "gatewayPlugin.processingMode.response.body",
              "Streamed",
              "ext_proc.processing_mode.response_body_mode=STREAMED"),
          change(
              PLUGIN + "circuitBreaker.maxConnections",
              "1",
              "cluster[pointsman_plugin].circuit_breakers.thresholds[0].max_connections=1"),
          change(
              PLUGIN + "circuitBreaker.maxPendingRequests",
              "2",
              "cluster[pointsman_plugin].circuit_breakers.thresholds[0].max_pending_requests=2"),
          change(
              PLUGIN + "circuitBreaker.maxParallelRequests",
              "4294967295",
              "cluster[pointsman_plugin].circuit_breakers.thresholds[0].max_requests=4294967295"),
          change(
              PLUGIN + "circuitBreaker.maxParallelRetries",
              "4",
              "cluster[pointsman_plugin].circuit_breakers.thresholds[0].max_retries=4"),
          change(
              PLUGIN + "circuitBreaker.maxRequestsPerConnection",
              "5",
              "cluster[pointsman_plugin].http.common_http_protocol_options=(none)",
              "cluster[pointsman_plugin].http.common_http_protocol_options"
                  + ".max_requests_per_connection=5"),
          change(
              PLUGIN + "healthCheck.active.interval",
              "5s",
              "cluster[pointsman_plugin].health_checks[0].interval=5s",
              "cluster[pointsman_plugin].health_checks[0].no_traffic_interval=5s"),
          change(
              PLUGIN + "healthCheck.active.timeout",
              "200ms",
              "cluster[pointsman_plugin].health_checks[0].timeout=0.200s"),
          change(
              PLUGIN + "healthCheck.active.unhealthyThreshold",
              "3",
              "cluster[pointsman_plugin].health_checks[0].unhealthy_threshold=3"),
          change(
              PLUGIN + "healthCheck.active.healthyThreshold",
              "4",
              "cluster[pointsman_plugin].health_checks[0].healthy_threshold=4"),
          change(
              PLUGIN + "healthCheck.passive.consecutiveErrors",
              "6",
              "cluster[pointsman_plugin].outlier_detection.consecutive_5xx=6"),
          change(
              PLUGIN + "healthCheck.passive.consecutiveErrors",
              "0",
              "cluster[pointsman_plugin].outlier_detection.base_ejection_time=(none)",
              "cluster[pointsman_plugin].outlier_detection.consecutive_5xx=(none)",
              "cluster[pointsman_plugin].outlier_detection.enforcing_success_rate=(none)",
              "cluster[pointsman_plugin].outlier_detection.interval=(none)",
              "cluster[pointsman_plugin].outlier_detection.max_ejection_percent=(none)",
              "cluster[pointsman_plugin].outlier_detection"
                  + ".successful_active_health_check_uneject_host=(none)"),
          change(
              PLUGIN + "healthCheck.passive.interval",
              "2s",
              "cluster[pointsman_plugin].outlier_detection.interval=2s"),
          change(
              PLUGIN + "healthCheck.passive.baseEjectionTime",
              "30s",
              "cluster[pointsman_plugin].outlier_detection.base_ejection_time=30s"),
          change(
              PLUGIN + "healthCheck.passive.maxEjectionPercent",
              "100",
              "cluster[pointsman_plugin].outlier_detection.max_ejection_percent=100"),
          change(PLUGIN + "retry.numRetries", "3", RETRY + ".num_retries=3"),
          change(
              PLUGIN + "retry.numRetries",
              "0",
              RETRY + ".num_retries=(none)",
              RETRY + ".retry_on=(none)",
              RETRY + ".retry_back_off.base_interval=(none)",
              RETRY + ".retry_back_off.max_interval=(none)"),
          change(
              PLUGIN + "timeout.tcp.connectTimeout",
              "10s",
              "cluster[pointsman_plugin].connect_timeout=10s",
              "cluster[pointsman_plugin_http].connect_timeout=10s"),
          change(
              PLUGIN + "http2.connectionKeepalive.interval",
              "10s",
              "cluster[pointsman_plugin].http.explicit_http_config.http2_protocol_options"
                  + ".connection_keepalive.interval=10s"),
          change(
              PLUGIN + "http2.connectionKeepalive.timeout",
              "1s",
              "cluster[pointsman_plugin].http.explicit_http_config.http2_protocol_options"
                  + ".connection_keepalive.timeout=1s"),
          change(PLUGIN + "dns.dnsRefreshRate", "1s", "same"),
          change(PLUGIN + "tcpKeepalive.probes", "4", keepalive("keepalive_probes=4")),
          change(PLUGIN + "tcpKeepalive.idleTime", "2m", keepalive("keepalive_time=120")),
          change(PLUGIN + "tcpKeepalive.interval", "3s", keepalive("keepalive_interval=3")),
          change(
              "accessLog.enabled",
              "true",
              "hcm.access_log[envoy.access_loggers.http_grpc].name=envoy.access_loggers.http_grpc",
              "hcm.access_log[envoy.access_loggers.http_grpc].typed_config"
                  + ".additional_request_headers_to_log[0]=target-pod",
              "hcm.access_log[envoy.access_loggers.http_grpc].typed_config.common_config"
                  + ".grpc_service.envoy_grpc.cluster_name=pointsman_plugin_#",
              "hcm.access_log[envoy.access_loggers.http_grpc].typed_config.common_config"
                  + ".log_name=pointsman",
              "hcm.access_log[envoy.access_loggers.http_grpc].typed_config.common_config"
                  + ".transport_api_version=V3"));

  private static Arguments change(String key, String value, String... changes) {
    return Arguments.of(key, value, List.of(changes));
  }

  private static String endpoint(String cluster, int index, String field) {
    return "cluster[%s].load_assignment.endpoints[0].lb_endpoints[%d].endpoint.address"
            .formatted(cluster, index)
        + ".socket_address."
        + field;
  }

  private static String[] keepalive(String field) {
    String path = ".upstream_connection_options.tcp_keepalive.";
    return new String[] {
      "cluster[pointsman_plugin]" + path + field, "cluster[pointsman_plugin_http]" + path + field
    };
  }

  static Stream<Arguments> changes() {
    return CHANGES.stream();
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
  void theTableAboveHasEveryKey() throws ConfigException, IOException {
    var keys = new ArrayList<String>();
    try (var in = Settings.class.getResourceAsStream("settings.example.yaml")) {
      assertThat(in).isNotNull();
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      collect(YamlNode.parse("example", text).map(), keys);
    }
    assertThat(CHANGES.stream().map(change -> (String) change.get()[0]).distinct())
        .containsExactlyInAnyOrderElementsOf(keys);
  }

  private static void collect(YamlMap map, List<String> keys) throws ConfigException {
    for (String key : map.keys()) {
      YamlNode value = map.required(key);
      if (value.isMap()) {
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
