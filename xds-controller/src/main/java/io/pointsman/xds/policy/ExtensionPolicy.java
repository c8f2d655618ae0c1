package io.pointsman.xds.policy;

import io.pointsman.xds.settings.BackendSettings;
import io.pointsman.xds.settings.Destination;
import io.pointsman.xds.settings.Gateway;
import io.pointsman.xds.settings.GatewayPlugin;
import io.pointsman.xds.settings.RequestBodyMode;
import io.pointsman.xds.settings.ResponseBodyMode;
import io.pointsman.xds.settings.Settings;
import io.pointsman.xds.snapshot.Names;
import java.util.List;
import java.util.Map;

/** The EnvoyExtensionPolicy: the filter that asks the plugin. */
final class ExtensionPolicy {
  private ExtensionPolicy() {}

  /** The name of the filter that Envoy Gateway makes of it. */
  static String filterName(PolicyId id) {
    return "envoy.filters.http.ext_proc/envoyextensionpolicy/%s/%s/extproc/0"
        .formatted(id.namespace(), id.name());
  }

  static Map<String, Object> spec(Settings settings) {
    GatewayPlugin plugin = settings.gatewayPlugin();
    Map<String, Object> extProc =
        Tree.of(
            "backendRefs",
            List.of(service(settings.gateway())),
            "backendSettings",
            backendSettings(plugin.extProc().backendSettings()),
            "messageTimeout",
            Tree.duration(plugin.messageTimeout()),
            "failOpen",
            failOpen(plugin),
            "statusOnError",
            statusOnError(settings),
            "processingMode",
            processingMode(plugin.processingMode()),
            "metadata",
            Tree.of("writableNamespaces", List.of(Names.METADATA_NAMESPACE)));
    return Tree.of(
        "targetRefs", Targets.routes(settings.gateway().httpRoutes()), "extProc", List.of(extProc));
  }

  /** Where there is no patch, a mark by which the answer is found and given its status and body. */
  private static int statusOnError(Settings settings) {
    return settings.gateway().destination() == Destination.ENDPOINT_OVERRIDE
        ? ResponseOverrides.PLUGIN_FAILED
        : settings.gatewayPlugin().statusOnError();
  }

  /** Envoy Gateway refuses to fail open where the plugin has to send the body back. */
  private static boolean failOpen(GatewayPlugin plugin) {
    return plugin.failOpen()
        && plugin.processingMode().request().body() != RequestBodyMode.FULL_DUPLEX_STREAMED;
  }

  private static Map<String, Object> service(Gateway gateway) {
    Gateway.PluginService service = gateway.pluginService();
    return Tree.of(
        "group",
        "",
        "kind",
        "Service",
        "name",
        service.name(),
        "namespace",
        service.namespace().isEmpty() ? gateway.namespace() : service.namespace(),
        "port",
        service.port());
  }

  /**
   * A part that is there has its headers sent. There is no way to have a response's body without
   * them.
   */
  private static Map<String, Object> processingMode(GatewayPlugin.ProcessingMode mode) {
    Map<String, Object> request = Tree.of();
    if (mode.request().body() != RequestBodyMode.NONE) {
      request.put("body", mode.request().body().toString());
    }
    Map<String, Object> tree = Tree.of("allowModeOverride", true, "request", request);
    boolean body = mode.response().body() != ResponseBodyMode.NONE;
    if (mode.response().headers() || body) {
      // They set a pod's failure apart from a limit of Envoy's.
      Map<String, Object> response =
          Tree.of("attributes", List.of("response.code_details", "response.flags"));
      if (body) {
        response.put("body", mode.response().body().toString());
      }
      tree.put("response", response);
    }
    return tree;
  }

  private static Map<String, Object> backendSettings(BackendSettings backend) {
    BackendSettings.ConnectionKeepalive ping = backend.http2().connectionKeepalive();
    Map<String, Object> tree =
        Tree.of(
            "circuitBreaker",
            Clusters.breaker(backend.circuitBreaker()),
            "healthCheck",
            healthCheck(backend.healthCheck()),
            "timeout",
            Tree.of(
                "tcp",
                Tree.of("connectTimeout", Tree.duration(backend.timeout().tcp().connectTimeout()))),
            "http2",
            Tree.of(
                "connectionKeepalive",
                Tree.of(
                    "interval", Tree.duration(ping.interval()),
                    "timeout", Tree.duration(ping.timeout()))),
            "tcpKeepalive",
            Clusters.tcpKeepalive(backend.tcpKeepalive()));
    if (backend.retry().numRetries() > 0) {
      tree.put("retry", retry(backend.retry().numRetries()));
    }
    return tree;
  }

  private static Map<String, Object> retry(long retries) {
    return Tree.of(
        "numRetries",
        retries,
        "retryOn",
        Tree.of("triggers", List.of("connect-failure", "refused-stream", "reset-before-request")),
        "perRetry",
        Tree.of("backOff", Tree.of("baseInterval", "10ms", "maxInterval", "50ms")));
  }

  private static Map<String, Object> healthCheck(BackendSettings.HealthCheck check) {
    Map<String, Object> tree =
        Tree.of(
            "active",
            Tree.of(
                "type", "GRPC",
                "grpc", Tree.of("service", "readiness"),
                "interval", Tree.duration(check.active().interval()),
                "timeout", Tree.duration(check.active().timeout()),
                "unhealthyThreshold", check.active().unhealthyThreshold(),
                "healthyThreshold", check.active().healthyThreshold()),
            // Without a healthy instance fail at once, rather than try the unhealthy ones.
            "panicThreshold",
            0);
    BackendSettings.Passive passive = check.passive();
    if (passive.consecutiveErrors() > 0) {
      tree.put(
          "passive",
          Tree.of(
              "consecutive5XxErrors", passive.consecutiveErrors(),
              "interval", Tree.duration(passive.interval()),
              "baseEjectionTime", Tree.duration(passive.baseEjectionTime()),
              "maxEjectionPercent", passive.maxEjectionPercent()));
    }
    return tree;
  }
}
