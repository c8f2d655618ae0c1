package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.pointsman.common.DurationText;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.Policy;
import io.pointsman.xds.policy.PolicyKind;
import io.pointsman.xds.settings.Settings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same settings as Envoy Gateway's policies and, by xDS, in a real Envoy: what Envoy says that
 * it goes by is what the policies say. Envoy Gateway itself does not run here.
 */
class GatewayPoliciesTest {
  private static final String HCM = "http_connection_manager";
  private static final String PLUGIN = "pointsman_plugin_";
  private static final String MODELS = "pointsman_plugin_http";
  private static final String BACKEND = "extProc.0.backendSettings.";
  private static final String THRESHOLDS = ".circuit_breakers.thresholds.0.";

  /** A policy's field, and the one of Envoy's that Envoy Gateway makes of it. */
  private static final List<List<String>> FIELDS =
      List.of(
          client("connection.bufferLimit", "listener.per_connection_buffer_limit_bytes"),
          client("connection.connectionLimit.value", "connection_limit.max_connections"),
          client(
              "http2.maxConcurrentStreams", HCM + ".http2_protocol_options.max_concurrent_streams"),
          client(
              "http2.initialStreamWindowSize",
              HCM + ".http2_protocol_options.initial_stream_window_size"),
          client(
              "http2.initialConnectionWindowSize",
              HCM + ".http2_protocol_options.initial_connection_window_size"),
          client("timeout.http.requestReceivedTimeout", HCM + ".request_timeout"),
          client("timeout.http.idleTimeout", HCM + ".common_http_protocol_options.idle_timeout"),
          client("timeout.http.streamIdleTimeout", HCM + ".stream_idle_timeout"),
          backend("maxConnections", "max_connections"),
          backend("maxPendingRequests", "max_pending_requests"),
          backend("maxParallelRequests", "max_requests"),
          backend("maxParallelRetries", "max_retries"),
          extension("extProc.0.messageTimeout", "ext_proc.message_timeout"),
          extension("extProc.0.failOpen", "ext_proc.failure_mode_allow"),
          extension("extProc.0.processingMode.allowModeOverride", "ext_proc.allow_mode_override"),
          extension(
              BACKEND + "circuitBreaker.maxConnections", PLUGIN + THRESHOLDS + "max_connections"),
          extension(
              BACKEND + "circuitBreaker.maxPendingRequests",
              PLUGIN + THRESHOLDS + "max_pending_requests"),
          extension(
              BACKEND + "circuitBreaker.maxParallelRequests", PLUGIN + THRESHOLDS + "max_requests"),
          extension(
              BACKEND + "circuitBreaker.maxParallelRetries", PLUGIN + THRESHOLDS + "max_retries"),
          extension(BACKEND + "timeout.tcp.connectTimeout", PLUGIN + ".connect_timeout"),
          extension(BACKEND + "healthCheck.active.interval", PLUGIN + ".health_checks.0.interval"),
          extension(BACKEND + "healthCheck.active.timeout", PLUGIN + ".health_checks.0.timeout"),
          extension(
              BACKEND + "healthCheck.passive.consecutive5XxErrors",
              PLUGIN + ".outlier_detection.consecutive_5xx"),
          extension(
              BACKEND + "healthCheck.passive.maxEjectionPercent",
              PLUGIN + ".outlier_detection.max_ejection_percent"));

  @TempDir private Path folder;

  private static List<String> client(String field, String envoy) {
    return List.of(PolicyKind.CLIENT_TRAFFIC.kind(), field, envoy);
  }

  private static List<String> backend(String field, String envoy) {
    return List.of(
        PolicyKind.BACKEND_TRAFFIC.kind(), "circuitBreaker." + field, MODELS + THRESHOLDS + envoy);
  }

  private static List<String> extension(String field, String envoy) {
    return List.of(PolicyKind.EXTENSION.kind(), field, envoy);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        """
        clientTrafficPolicy:
          connection: {bufferLimit: 8Mi, connectionLimit: {value: 11}}
          http2: {maxConcurrentStreams: 112, initialConnectionWindowSize: 2Mi}
          timeout: {http: {requestReceivedTimeout: 1m30s, idleTimeout: 2h, streamIdleTimeout: 1500ms}}
        backendTrafficPolicy:
          circuitBreaker: {maxConnections: 21, maxPendingRequests: 22, maxParallelRequests: 23, maxParallelRetries: 24}
        envoyPatchPolicy:
          route: {timeout: 2m5s, connectTimeout: 700ms, idleTimeout: 1h, perTryIdleTimeout: 0s, retries: 2}
          circuitBreakers: {maxConnections: 31, maxRequests: 32, maxPendingRequests: 33, maxRetries: 34, perEndpoint: {maxConnections: 35}}
          connection: {bufferLimit: 64Ki, idleTimeout: 30s, tcpKeepalive: {probes: 4, idleTime: 5s, interval: 6s}}
        gatewayPlugin:
          messageTimeout: 7s
          maxMessageTimeout: 90s
          failOpen: false
          extProc:
            backendSettings:
              circuitBreaker: {maxConnections: 41, maxPendingRequests: 42, maxParallelRequests: 43, maxParallelRetries: 44}
              timeout: {tcp: {connectTimeout: 2s}}
              healthCheck:
                active: {interval: 3s, timeout: 800ms}
                passive: {consecutiveErrors: 6, maxEjectionPercent: 60}
        """
      })
  void envoyGoesByTheNumbersOfThePolicies(String settings) throws Exception {
    Map<String, Policy> policies = new LinkedHashMap<>();
    for (Policy policy : Policies.from(Settings.parse("s.yaml", "listener: {}\n" + settings))) {
      policies.put(policy.id().kind().kind(), policy);
    }
    try (var envoy = new XdsEnvoy(folder, true, settings)) {
      Map<String, Object> dump = parts(envoy.envoy().configDump());
      for (List<String> field : FIELDS) {
        Policy policy = policy(policies, field.get(0));
        assertThat(plain(at(policy.spec(), field.get(1))))
            .as("%s %s, %s", field.get(0), field.get(1), field.get(2))
            .isEqualTo(plain(at(dump, field.get(2))));
      }
      assertPatched(policies, dump);
    }
  }

  /** What the patch adds is, whole, what the Envoy has. */
  private static void assertPatched(Map<String, Policy> policies, Map<String, Object> dump) {
    Policy patch = policy(policies, PolicyKind.PATCH.kind());
    assertThat(list(patch.spec(), "jsonPatches")).isNotEmpty();
    for (Object element : list(patch.spec(), "jsonPatches")) {
      Object value = at(element, "operation.value");
      switch (String.valueOf(at(element, "operation.path"))) {
        case "" -> {
          Map<String, Object> cluster = json(at(dump, "pointsman_pods"));
          cluster.remove("@type"); // Which Envoy's dump writes around each resource.
          assertThat(json(value)).isEqualTo(cluster);
        }
        case "0" -> {
          assertThat(json(at(value, "match"))).isEqualTo(json(at(dump, "picked.match")));
          assertThat(json(at(value, "route"))).isEqualTo(json(at(dump, "picked.route")));
        }
        case "local_reply_config" ->
            assertThat(json(value)).isEqualTo(json(at(dump, HCM + ".local_reply_config")));
        case "max_message_timeout" ->
            assertThat(value).isEqualTo(at(dump, "ext_proc.max_message_timeout"));
        case "processing_mode/response_trailer_mode" ->
            assertThat(value).isEqualTo(at(dump, "ext_proc.processing_mode.response_trailer_mode"));
        default -> throw new AssertionError("not compared: " + element);
      }
    }
  }

  /** The parts of Envoy's configuration by short names; clusters by their own. */
  private static Map<String, Object> parts(String configDump) {
    Object dump = Serialization.unmarshal(configDump, Map.class);
    var parts = new LinkedHashMap<String, Object>();
    for (Object config : list(dump, "configs")) {
      addParts(config, parts);
    }
    return parts;
  }

  private static void addParts(Object config, Map<String, Object> parts) {
    Object listener = at(config, "dynamic_listeners.0.active_state.listener");
    if (listener != null) {
      parts.put("listener", listener);
      parts.put("connection_limit", at(listener, "filter_chains.0.filters.0.typed_config"));
      Object manager = at(listener, "filter_chains.0.filters.1.typed_config");
      parts.put(HCM, manager);
      parts.put("ext_proc", at(manager, "http_filters.0.typed_config"));
    }
    if (at(config, "dynamic_active_clusters") instanceof List<?> clusters) {
      for (Object element : clusters) {
        String name = String.valueOf(at(element, "cluster.name"));
        // That of the plugin's gRPC port ends with a hash of its content.
        boolean hashed = name.startsWith(PLUGIN) && !name.equals(MODELS);
        parts.put(hashed ? PLUGIN : name, at(element, "cluster"));
      }
    }
    Object routes = at(config, "dynamic_route_configs.0.route_config.virtual_hosts.0.routes");
    if (routes != null) {
      for (Object route : (List<?>) routes) {
        parts.put(String.valueOf(at(route, "name")), route);
      }
    }
  }

  private static Policy policy(Map<String, Policy> policies, String kind) {
    return Objects.requireNonNull(policies.get(kind), kind);
  }

  /** The elements of a list, or none. */
  private static List<?> list(Object tree, String path) {
    return at(tree, path) instanceof List<?> list ? list : List.of();
  }

  /** What stands at a path of keys and indexes, or null. */
  private static @Nullable Object at(@Nullable Object tree, String path) {
    Object node = tree;
    for (String key : path.split("\\.", -1)) {
      if (node instanceof List<?> list) {
        node = Integer.parseInt(key) < list.size() ? list.get(Integer.parseInt(key)) : null;
      } else {
        node = node instanceof Map<?, ?> map ? map.get(key) : null;
      }
    }
    return node;
  }

  /**
   * Values as numbers and texts in one form: durations in milliseconds. What Envoy leaves out has
   * its default, which is false.
   */
  private static String plain(@Nullable Object value) {
    String text = value == null ? "false" : String.valueOf(value);
    if (text.matches("[0-9]+\\.[0-9]+s")) {
      return Math.round(Double.parseDouble(text.substring(0, text.length() - 1)) * 1000) + "ms";
    }
    if (text.matches("[0-9]+s") || DurationText.parse(text) != null) {
      var parsed = DurationText.parse(text);
      long millis =
          parsed == null
              ? Long.parseLong(text.substring(0, text.length() - 1)) * 1000
              : parsed.toMillis();
      return millis + "ms";
    }
    return text;
  }

  /** The same for the same content, in whatever order. */
  @SuppressWarnings("unchecked") // Whatever JSON an object is, it is a mapping of texts to values.
  private static Map<String, Object> json(@Nullable Object value) {
    return Serialization.unmarshal(Serialization.asJson(value), Map.class);
  }
}
