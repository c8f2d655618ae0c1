package io.pointsman.xds.policy;

import io.pointsman.xds.settings.BackendTrafficPolicy;
import io.pointsman.xds.settings.EnvoyPatchPolicy;
import io.pointsman.xds.settings.Gateway;
import io.pointsman.xds.settings.Settings;
import io.pointsman.xds.snapshot.Names;
import java.util.List;
import java.util.Map;

/** The BackendTrafficPolicies: for routes that name their backends, and for picks among them. */
final class BackendPolicies {
  private BackendPolicies() {}

  /** Whether there is anything that {@link #plain} may be attached to. */
  static boolean hasPlainTargets(Gateway gateway) {
    return !gateway.shared() || !gateway.plainHttpRoutes().isEmpty();
  }

  /** For backends that the plugin has no say about. */
  static Map<String, Object> plain(Settings settings) {
    Gateway gateway = settings.gateway();
    BackendTrafficPolicy policy = settings.backendTrafficPolicy();
    return Tree.of(
        "targetRefs",
        gateway.shared()
            ? Targets.routes(gateway.plainHttpRoutes())
            : List.of(Targets.gateway(gateway)),
        "circuitBreaker",
        Clusters.breaker(policy.circuitBreaker()),
        "http2",
        Tree.of("maxConcurrentStreams", policy.http2().maxConcurrentStreams()));
  }

  /**
   * For model pods as a route's own backends, of which the plugin's header chooses one. The numbers
   * are those of the way to a pod. Retries are left out: Envoy's second try would go to another
   * backend than the one that was picked, perhaps one of another model. There is no place for the
   * idle time-out of a single try.
   */
  static Map<String, Object> picked(Settings settings) {
    EnvoyPatchPolicy pods = settings.envoyPatchPolicy();
    EnvoyPatchPolicy.CircuitBreakers breakers = pods.circuitBreakers();
    return Tree.of(
        "targetRefs",
        Targets.routes(settings.gateway().httpRoutes()),
        // A Service's own address could not be overridden by a pod's.
        "routingType",
        "Endpoint",
        "loadBalancer",
        Tree.of(
            "type",
            "LeastRequest",
            "endpointOverride",
            Tree.of("extractFrom", List.of(Tree.of("header", Names.TARGET_POD)))),
        "circuitBreaker",
        Tree.of(
            "maxConnections", breakers.maxConnections(),
            "maxPendingRequests", breakers.maxPendingRequests(),
            "maxParallelRequests", breakers.maxRequests(),
            "maxParallelRetries", breakers.maxRetries(),
            "perEndpoint", Tree.of("maxConnections", breakers.perEndpoint().maxConnections())),
        "timeout",
        Tree.of(
            "tcp",
            Tree.of("connectTimeout", Tree.duration(pods.route().connectTimeout())),
            "http",
            Tree.of(
                "requestTimeout", Tree.duration(pods.route().timeout()),
                "streamIdleTimeout", Tree.duration(pods.route().idleTimeout()),
                "connectionIdleTimeout", Tree.duration(pods.connection().idleTimeout()))),
        "connection",
        Tree.of("bufferLimit", pods.connection().bufferLimit()),
        "tcpKeepalive",
        Clusters.tcpKeepalive(pods.connection().tcpKeepalive()),
        "responseOverride",
        ResponseOverrides.of(settings.gatewayPlugin()));
  }
}
