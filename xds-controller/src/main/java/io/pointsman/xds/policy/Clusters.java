package io.pointsman.xds.policy;

import io.pointsman.xds.settings.CircuitBreaker;
import io.pointsman.xds.settings.TcpKeepalive;
import java.util.Map;

/** Settings that several policies say of connections to backends. */
final class Clusters {
  private Clusters() {}

  static Map<String, Object> breaker(CircuitBreaker breaker) {
    Map<String, Object> tree =
        Tree.of(
            "maxConnections", breaker.maxConnections(),
            "maxPendingRequests", breaker.maxPendingRequests(),
            "maxParallelRequests", breaker.maxParallelRequests(),
            "maxParallelRetries", breaker.maxParallelRetries());
    if (breaker.maxRequestsPerConnection() > 0) {
      tree.put("maxRequestsPerConnection", breaker.maxRequestsPerConnection());
    }
    return tree;
  }

  static Map<String, Object> tcpKeepalive(TcpKeepalive keepalive) {
    return Tree.of(
        "probes", keepalive.probes(),
        "idleTime", Tree.duration(keepalive.idleTime()),
        "interval", Tree.duration(keepalive.interval()));
  }
}
