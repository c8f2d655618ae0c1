package io.pointsman.xds.settings;

import java.time.Duration;

/** The way to the pod that the plugin picked. */
public record EnvoyPatchPolicy(
    Route route,
    CircuitBreakers circuitBreakers,
    Connection connection,
    boolean preserveExternalRequestID) {

  /**
   * Time-outs and retries of a routed request.
   *
   * @param timeout for the whole answer, streaming ones included; zero is off
   * @param connectTimeout for the TCP connection to the pod
   * @param idleTimeout for a request on which nothing moves; zero is off
   * @param perTryIdleTimeout for the pod's first byte, and between two; zero is off
   * @param retries to the same pod, when it refused or had not seen the request
   */
  public record Route(
      Duration timeout,
      Duration connectTimeout,
      Duration idleTimeout,
      Duration perTryIdleTimeout,
      long retries) {}

  /**
   * Limits of one Envoy towards all pods together, but for {@link #perEndpoint}.
   *
   * @param maxConnections connections open at once
   * @param maxRequests requests under way
   * @param maxPendingRequests requests that wait for a connection
   * @param maxRetries retries under way
   */
  public record CircuitBreakers(
      long maxConnections,
      long maxRequests,
      long maxPendingRequests,
      long maxRetries,
      PerEndpoint perEndpoint) {}

  /**
   * Limits of one Envoy towards one pod.
   *
   * @param maxConnections connections open at once to one pod; further requests wait
   */
  public record PerEndpoint(long maxConnections) {}

  /**
   * Connections to pods.
   *
   * @param bufferLimit bytes buffered per connection to a pod
   * @param idleTimeout after which an unused connection is closed; zero is off
   */
  public record Connection(long bufferLimit, Duration idleTimeout, TcpKeepalive tcpKeepalive) {}
}
