package io.pointsman.xds.snapshot;

import java.util.List;
import org.junit.jupiter.params.provider.Arguments;

/** Every key of the settings, another value for it, and all that then changes in Envoy. */
public final class SettingChanges {
  private static final String PLUGIN = "gatewayPlugin.extProc.backendSettings.";
  private static final String RETRY = "vhost.ext_proc.overrides.grpc_service.retry_policy";

  public static final List<Arguments> ALL =
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
          change("backendTrafficPolicy.http2.maxConcurrentStreams", "5", "same"),
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
                  + ".transport_api_version=V3"),
          change("gateway.enabled", "false", "same"),
          change("gateway.name", "other", "same"),
          change("gateway.namespace", "other", "same"),
          change("gateway.listeners", "[other]", "same"),
          change("gateway.shared", "true", "same"),
          change("gateway.namePrefix", "other", "same"),
          change("gateway.labels", "{a: b}", "same"),
          change("gateway.httpRoutes", "[other]", "same"),
          change("gateway.plainHttpRoutes", "[other]", "same"),
          change("gateway.pluginService.name", "other", "same"),
          change("gateway.pluginService.namespace", "other", "same"),
          change("gateway.pluginService.port", "1", "same"),
          change("gateway.owner.apiVersion", "v1", "same"),
          change("gateway.owner.kind", "Service", "same"),
          change("gateway.owner.name", "other", "same"),
          change("gateway.owner.namespace", "other", "same"),
          // Its default for the filter follows; nothing else.
          change(
              "gateway.destination",
              "endpointOverride",
              "ext_proc.failure_mode_allow=(none)",
              "hcm.local_reply_config.mappers[413]=(moved)"),
          change("gateway.modelPods.service", "other", "same"),
          change("gateway.modelPods.portName", "other", "same"),
          change("gateway.modelPods.namespaces", "[other]", "same"),
          change("gateway.modelPods.selector", "other", "same"),
          change("gateway.modelServices", "[other]", "same"));

  private SettingChanges() {}

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
}
