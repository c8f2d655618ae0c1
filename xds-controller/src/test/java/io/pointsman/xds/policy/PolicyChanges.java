package io.pointsman.xds.policy;

import java.util.List;
import org.junit.jupiter.params.provider.Arguments;

/**
 * Every key of the settings, another value for it, and all that then changes in the policies: the
 * rows of {@code SettingChanges}, which says the same of xDS.
 */
final class PolicyChanges {
  private static final String PLUGIN = "gatewayPlugin.extProc.backendSettings.";
  private static final String BACKEND = "extProc.backendSettings.";

  private static final String PODS = "BackendTrafficPolicy(pods)";

  static final List<Arguments> ALL =
      List.of(
          change("listener.address", "10.0.0.1", "same"),
          change("listener.port", "443", "same"),
          change(
              "clientTrafficPolicy.connection.bufferLimit",
              "8Mi",
              "ClientTrafficPolicy.connection.bufferLimit=8388608",
              "ClientTrafficPolicy.http2.initialStreamWindowSize=8388608"),
          change(
              "clientTrafficPolicy.connection.connectionLimit.value",
              "4294967295",
              "ClientTrafficPolicy.connection.connectionLimit.value=4294967295"),
          change(
              "clientTrafficPolicy.http2.maxConcurrentStreams",
              "100",
              "ClientTrafficPolicy.http2.maxConcurrentStreams=100"),
          change(
              "clientTrafficPolicy.http2.initialConnectionWindowSize",
              "65535",
              "ClientTrafficPolicy.http2.initialConnectionWindowSize=65535"),
          change(
              "clientTrafficPolicy.timeout.http.requestReceivedTimeout",
              "1m30s",
              "ClientTrafficPolicy.timeout.http.requestReceivedTimeout=1m30s"),
          change(
              "clientTrafficPolicy.timeout.http.idleTimeout",
              "0s",
              "ClientTrafficPolicy.timeout.http.idleTimeout=0s"),
          change(
              "clientTrafficPolicy.timeout.http.streamIdleTimeout",
              "500ms",
              "ClientTrafficPolicy.timeout.http.streamIdleTimeout=500ms"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxConnections",
              "0",
              "BackendTrafficPolicy.circuitBreaker.maxConnections=0"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxPendingRequests",
              "4294967295",
              "BackendTrafficPolicy.circuitBreaker.maxPendingRequests=4294967295"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxParallelRequests",
              "2",
              "BackendTrafficPolicy.circuitBreaker.maxParallelRequests=2"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxParallelRetries",
              "3",
              "BackendTrafficPolicy.circuitBreaker.maxParallelRetries=3"),
          change(
              "backendTrafficPolicy.circuitBreaker.maxRequestsPerConnection",
              "4",
              "BackendTrafficPolicy.circuitBreaker.maxRequestsPerConnection=4"),
          change(
              "backendTrafficPolicy.http2.maxConcurrentStreams",
              "5",
              "BackendTrafficPolicy.http2.maxConcurrentStreams=5"),
          change("envoyPatchPolicy.route.timeout", "2m", "same"),
          change("envoyPatchPolicy.route.timeout", "0s", "patch[Route].value.route.timeout=0s"),
          change(
              "envoyPatchPolicy.route.connectTimeout",
              "6s",
              "patch[Cluster].value.connect_timeout=6s"),
          change(
              "envoyPatchPolicy.route.idleTimeout",
              "1h1m",
              "patch[Route].value.route.idle_timeout=3660s"),
          change(
              "envoyPatchPolicy.route.perTryIdleTimeout",
              "0s",
              "patch[Route].value.route.retry_policy.per_try_idle_timeout=(none)"),
          change(
              "envoyPatchPolicy.route.retries",
              "2",
              "patch[Route].value.route.retry_policy.num_retries=2",
              "patch[Route].value.route.retry_policy.retry_on=connect-failure,refused-stream,reset-before-request"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxConnections",
              "5",
              "patch[Cluster].value.circuit_breakers.thresholds[0].max_connections=5"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxRequests",
              "6",
              "patch[Cluster].value.circuit_breakers.thresholds[0].max_requests=6"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxPendingRequests",
              "7",
              "patch[Cluster].value.circuit_breakers.thresholds[0].max_pending_requests=7"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxRetries",
              "8",
              "patch[Cluster].value.circuit_breakers.thresholds[0].max_retries=8"),
          change(
              "envoyPatchPolicy.circuitBreakers.perEndpoint.maxConnections",
              "9",
              "patch[Cluster].value.circuit_breakers.per_host_thresholds[0].max_connections=9"),
          change(
              "envoyPatchPolicy.connection.bufferLimit",
              "4294967295",
              "patch[Cluster].value.per_connection_buffer_limit_bytes=4294967295"),
          change(
              "envoyPatchPolicy.connection.idleTimeout",
              "30s",
              "patch[Cluster].value.cleanup_interval=30s",
              "patch[Cluster].value.http.common_http_protocol_options.idle_timeout=30s"),
          change(
              "envoyPatchPolicy.connection.idleTimeout",
              "1s",
              "patch[Cluster].value.cleanup_interval=5s",
              "patch[Cluster].value.http.common_http_protocol_options.idle_timeout=1s"),
          change(
              "envoyPatchPolicy.connection.idleTimeout",
              "0s",
              "patch[Cluster].value.cleanup_interval=3600s",
              "patch[Cluster].value.http.common_http_protocol_options.idle_timeout=0s"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.probes",
              "4",
              "patch[Cluster].value.upstream_connection_options.tcp_keepalive.keepalive_probes=4"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.idleTime",
              "2m",
              "patch[Cluster].value.upstream_connection_options.tcp_keepalive.keepalive_time=120"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.interval",
              "3s",
              "patch[Cluster].value.upstream_connection_options.tcp_keepalive.keepalive_interval=3"),
          change(
              "envoyPatchPolicy.preserveExternalRequestID",
              "true",
              "ClientTrafficPolicy.headers.requestID=PreserveOrGenerate"),
          change("gatewayPlugin.addresses", "['[::1]:7', '10.0.0.1:8']", "same"),
          change("gatewayPlugin.addresses", "[plugin:7]", "same"),
          change("gatewayPlugin.httpAddresses", "['10.0.0.1:80']", "same"),
          change("gatewayPlugin.messageTimeout", "60s", "extProc.messageTimeout=1m"),
          change(
              "gatewayPlugin.maxMessageTimeout",
              "0s",
              "patch[Listener max_message_timeout].value=0s"),
          change(
              "gatewayPlugin.failOpen",
              "false",
              "extProc.failOpen=false",
              "patch[Listener local_reply_config][413]=(moved)"),
          change("gatewayPlugin.statusOnError", "500", "extProc.statusOnError=500"),
          change(
              "gatewayPlugin.processingMode.request.body",
              "None",
              "extProc.processingMode.request={}",
              "extProc.processingMode.request.body=(none)",
              "patch[Listener local_reply_config][413]=(none)"),
          change(
              "gatewayPlugin.processingMode.request.body",
              "BufferedPartial",
              "ClientTrafficPolicy.connection.bufferLimit=2031616",
              "ClientTrafficPolicy.http2.initialStreamWindowSize=2031616",
              "extProc.processingMode.request.body=BufferedPartial",
              "patch[Listener local_reply_config][413]=(none)"),
          change(
              "gatewayPlugin.processingMode.request.body",
              "Streamed",
              "extProc.processingMode.request.body=Streamed",
              "patch[Listener local_reply_config][413]=(none)"),
          change(
              "gatewayPlugin.processingMode.request.body",
              "FullDuplexStreamed",
              "extProc.failOpen=false",
              "extProc.processingMode.request.body=FullDuplexStreamed",
              "patch[Listener local_reply_config][413]=(none)"),
          change(
              "gatewayPlugin.processingMode.response.headers",
              "false",
              "extProc.processingMode.response.attributes[0]=(none)",
              "extProc.processingMode.response.attributes[1]=(none)"),
          change(
              "gatewayPlugin.processingMode.response.body",
              "Streamed",
              "extProc.processingMode.response.body=Streamed"),
          change(
              PLUGIN + "circuitBreaker.maxConnections",
              "1",
              BACKEND + "circuitBreaker.maxConnections=1"),
          change(
              PLUGIN + "circuitBreaker.maxPendingRequests",
              "2",
              BACKEND + "circuitBreaker.maxPendingRequests=2"),
          change(
              PLUGIN + "circuitBreaker.maxParallelRequests",
              "4294967295",
              BACKEND + "circuitBreaker.maxParallelRequests=4294967295"),
          change(
              PLUGIN + "circuitBreaker.maxParallelRetries",
              "4",
              BACKEND + "circuitBreaker.maxParallelRetries=4"),
          change(
              PLUGIN + "circuitBreaker.maxRequestsPerConnection",
              "5",
              BACKEND + "circuitBreaker.maxRequestsPerConnection=5"),
          change(
              PLUGIN + "healthCheck.active.interval",
              "5s",
              BACKEND + "healthCheck.active.interval=5s"),
          change(
              PLUGIN + "healthCheck.active.timeout",
              "200ms",
              BACKEND + "healthCheck.active.timeout=200ms"),
          change(
              PLUGIN + "healthCheck.active.unhealthyThreshold",
              "3",
              BACKEND + "healthCheck.active.unhealthyThreshold=3"),
          change(
              PLUGIN + "healthCheck.active.healthyThreshold",
              "4",
              BACKEND + "healthCheck.active.healthyThreshold=4"),
          change(
              PLUGIN + "healthCheck.passive.consecutiveErrors",
              "6",
              BACKEND + "healthCheck.passive.consecutive5XxErrors=6"),
          change(
              PLUGIN + "healthCheck.passive.consecutiveErrors",
              "0",
              BACKEND + "healthCheck.passive.baseEjectionTime=(none)",
              BACKEND + "healthCheck.passive.consecutive5XxErrors=(none)",
              BACKEND + "healthCheck.passive.interval=(none)",
              BACKEND + "healthCheck.passive.maxEjectionPercent=(none)"),
          change(
              PLUGIN + "healthCheck.passive.interval",
              "2s",
              BACKEND + "healthCheck.passive.interval=2s"),
          change(
              PLUGIN + "healthCheck.passive.baseEjectionTime",
              "30s",
              BACKEND + "healthCheck.passive.baseEjectionTime=30s"),
          change(
              PLUGIN + "healthCheck.passive.maxEjectionPercent",
              "100",
              BACKEND + "healthCheck.passive.maxEjectionPercent=100"),
          change(PLUGIN + "retry.numRetries", "3", BACKEND + "retry.numRetries=3"),
          change(
              PLUGIN + "retry.numRetries",
              "0",
              BACKEND + "retry.numRetries=(none)",
              BACKEND + "retry.perRetry.backOff.baseInterval=(none)",
              BACKEND + "retry.perRetry.backOff.maxInterval=(none)",
              BACKEND + "retry.retryOn.triggers[0]=(none)",
              BACKEND + "retry.retryOn.triggers[1]=(none)",
              BACKEND + "retry.retryOn.triggers[2]=(none)"),
          change(
              PLUGIN + "timeout.tcp.connectTimeout",
              "10s",
              BACKEND + "timeout.tcp.connectTimeout=10s"),
          change(
              PLUGIN + "http2.connectionKeepalive.interval",
              "10s",
              BACKEND + "http2.connectionKeepalive.interval=10s"),
          change(
              PLUGIN + "http2.connectionKeepalive.timeout",
              "1s",
              BACKEND + "http2.connectionKeepalive.timeout=1s"),
          change(PLUGIN + "dns.dnsRefreshRate", "1s", "same"),
          change(PLUGIN + "tcpKeepalive.probes", "4", BACKEND + "tcpKeepalive.probes=4"),
          change(PLUGIN + "tcpKeepalive.idleTime", "2m", BACKEND + "tcpKeepalive.idleTime=2m"),
          change(PLUGIN + "tcpKeepalive.interval", "3s", BACKEND + "tcpKeepalive.interval=3s"),
          change("accessLog.enabled", "true", "same"),
          change(
              "gateway.enabled",
              "false",
              "BackendTrafficPolicy=(none)",
              "ClientTrafficPolicy=(none)",
              "EnvoyExtensionPolicy=(none)",
              "EnvoyPatchPolicy=(none)"),
          change(
              "gateway.name",
              "other",
              "BackendTrafficPolicy.targetRefs[0].name=other",
              "ClientTrafficPolicy.targetRefs[0].name=other",
              "EnvoyPatchPolicy.targetRef.name=other",
              "patch[Listener local_reply_config].name=default/other/http",
              "patch[Listener max_message_timeout].name=default/other/http",
              "patch[Listener processing_mode/response_trailer_mode].name=default/other/http",
              "patch[Route].name=default/other/http"),
          change(
              "gateway.namespace",
              "other",
              "BackendTrafficPolicy#name=other/pointsman",
              "ClientTrafficPolicy#name=other/pointsman",
              "EnvoyExtensionPolicy#name=other/pointsman",
              "EnvoyPatchPolicy#name=other/pointsman",
              "extProc.backendRefs[0].namespace=other",
              "patch[Listener local_reply_config].name=other/pointsman/http",
              "patch[Listener max_message_timeout].jsonPath=$..http_filters[?(@.name=='envoy.filters.http.ext_proc/envoyextensionpolicy/other/pointsman/extproc/0')].typed_config",
              "patch[Listener max_message_timeout].name=other/pointsman/http",
              "patch[Listener processing_mode/response_trailer_mode].jsonPath=$..http_filters[?(@.name=='envoy.filters.http.ext_proc/envoyextensionpolicy/other/pointsman/extproc/0')].typed_config",
              "patch[Listener processing_mode/response_trailer_mode].name=other/pointsman/http",
              "patch[Route].name=other/pointsman/http",
              "patch[Route].value.typed_per_filter_config.ext_proc/default/pointsman/extproc/0.@type=(none)",
              "patch[Route].value.typed_per_filter_config.ext_proc/default/pointsman/extproc/0.config=(none)",
              "patch[Route].value.typed_per_filter_config.ext_proc/other/pointsman/extproc/0.@type=type.googleapis.com/envoy.config.route.v3.FilterConfig",
              "patch[Route].value.typed_per_filter_config.ext_proc/other/pointsman/extproc/0.config={}"),
          change(
              "gateway.listeners",
              "[other]",
              "patch[Listener local_reply_config].name=default/pointsman/other",
              "patch[Listener max_message_timeout].name=default/pointsman/other",
              "patch[Listener processing_mode/response_trailer_mode].name=default/pointsman/other",
              "patch[Route].name=default/pointsman/other"),
          change(
              "gateway.shared",
              "true",
              "BackendTrafficPolicy=(none)",
              "ClientTrafficPolicy.targetRefs[0].sectionName=http",
              "patch[Listener local_reply_config]=(none)"),
          change(
              "gateway.namePrefix",
              "other",
              "BackendTrafficPolicy#name=default/other",
              "ClientTrafficPolicy#name=default/other",
              "EnvoyExtensionPolicy#name=default/other",
              "EnvoyPatchPolicy#name=default/other",
              "patch[Cluster].name=other_pods",
              "patch[Cluster].value.name=other_pods",
              "patch[Listener max_message_timeout].jsonPath=$..http_filters[?(@.name=='envoy.filters.http.ext_proc/envoyextensionpolicy/default/other/extproc/0')].typed_config",
              "patch[Listener processing_mode/response_trailer_mode].jsonPath=$..http_filters[?(@.name=='envoy.filters.http.ext_proc/envoyextensionpolicy/default/other/extproc/0')].typed_config",
              "patch[Route].value.name=other_picked",
              "patch[Route].value.route.cluster=other_pods",
              "patch[Route].value.typed_per_filter_config.ext_proc/default/other/extproc/0.@type=type.googleapis.com/envoy.config.route.v3.FilterConfig",
              "patch[Route].value.typed_per_filter_config.ext_proc/default/other/extproc/0.config={}",
              "patch[Route].value.typed_per_filter_config.ext_proc/default/pointsman/extproc/0.@type=(none)",
              "patch[Route].value.typed_per_filter_config.ext_proc/default/pointsman/extproc/0.config=(none)"),
          change(
              "gateway.labels",
              "{a: b}",
              "BackendTrafficPolicy#labels.a=b",
              "ClientTrafficPolicy#labels.a=b",
              "EnvoyExtensionPolicy#labels.a=b",
              "EnvoyPatchPolicy#labels.a=b"),
          change("gateway.httpRoutes", "[other]", "EnvoyExtensionPolicy.targetRefs[0].name=other"),
          change("gateway.plainHttpRoutes", "[other]", "same"),
          change("gateway.pluginService.name", "other", "extProc.backendRefs[0].name=other"),
          change(
              "gateway.pluginService.namespace", "other", "extProc.backendRefs[0].namespace=other"),
          change("gateway.pluginService.port", "1", "extProc.backendRefs[0].port=1"),
          change("gateway.owner.apiVersion", "v1", "same"),
          change("gateway.owner.kind", "Service", "same"),
          change("gateway.owner.name", "other", "same"),
          change("gateway.owner.namespace", "other", "same"),
          change(
              "gateway.destination",
              "endpointOverride",
              "BackendTrafficPolicy(pods)=(new)",
              "EnvoyPatchPolicy=(none)",
              "extProc.failOpen=false",
              "extProc.statusOnError=507"),
          change("gateway.modelPods.service", "other", "same"),
          change("gateway.modelPods.portName", "other", "same"),
          change("gateway.modelPods.namespaces", "[other]", "same"),
          change("gateway.modelPods.selector", "other", "same"),
          change("gateway.modelServices", "[other]", "same"));

  /** The way to the pods with {@code endpointOverride}. */
  static final List<Arguments> BY_OVERRIDE =
      List.of(
          change("envoyPatchPolicy.route.timeout", "0s", PODS + ".timeout.http.requestTimeout=0s"),
          change(
              "envoyPatchPolicy.route.connectTimeout",
              "6s",
              PODS + ".timeout.tcp.connectTimeout=6s"),
          change(
              "envoyPatchPolicy.route.idleTimeout",
              "1h1m",
              PODS + ".timeout.http.streamIdleTimeout=1h1m"),
          change("envoyPatchPolicy.route.perTryIdleTimeout", "0s", "same"),
          change("envoyPatchPolicy.route.retries", "2", "same"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxConnections",
              "5",
              PODS + ".circuitBreaker.maxConnections=5"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxRequests",
              "6",
              PODS + ".circuitBreaker.maxParallelRequests=6"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxPendingRequests",
              "7",
              PODS + ".circuitBreaker.maxPendingRequests=7"),
          change(
              "envoyPatchPolicy.circuitBreakers.maxRetries",
              "8",
              PODS + ".circuitBreaker.maxParallelRetries=8"),
          change(
              "envoyPatchPolicy.circuitBreakers.perEndpoint.maxConnections",
              "9",
              PODS + ".circuitBreaker.perEndpoint.maxConnections=9"),
          change(
              "envoyPatchPolicy.connection.bufferLimit",
              "4294967295",
              PODS + ".connection.bufferLimit=4294967295"),
          change(
              "envoyPatchPolicy.connection.idleTimeout",
              "30s",
              PODS + ".timeout.http.connectionIdleTimeout=30s"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.probes",
              "4",
              PODS + ".tcpKeepalive.probes=4"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.idleTime",
              "2m",
              PODS + ".tcpKeepalive.idleTime=2m"),
          change(
              "envoyPatchPolicy.connection.tcpKeepalive.interval",
              "3s",
              PODS + ".tcpKeepalive.interval=3s"),
          change(
              "gatewayPlugin.statusOnError",
              "500",
              PODS + ".responseOverride[0].response.statusCode=500"),
          change("gatewayPlugin.maxMessageTimeout", "0s", "same"));

  private PolicyChanges() {}

  private static Arguments change(String key, String value, String... changes) {
    return Arguments.of(key, value, List.of(changes));
  }
}
