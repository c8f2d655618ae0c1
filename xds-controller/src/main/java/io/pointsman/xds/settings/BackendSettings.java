package io.pointsman.xds.settings;

import java.time.Duration;

/** Connections to the plugin: limits, health, time-outs. */
public record BackendSettings(
    CircuitBreaker circuitBreaker,
    HealthCheck healthCheck,
    Retry retry,
    Timeout timeout,
    Http2 http2,
    Dns dns,
    TcpKeepalive tcpKeepalive) {

  /** Both kinds of health check work together: either may take an instance out. */
  public record HealthCheck(Active active, Passive passive) {}

  /**
   * gRPC health checks of the service {@code readiness}.
   *
   * @param interval between two checks
   * @param timeout for an answer
   * @param unhealthyThreshold failures in a row that take an instance out
   * @param healthyThreshold successes in a row that take it back
   */
  public record Active(
      Duration interval, Duration timeout, long unhealthyThreshold, long healthyThreshold) {}

  /**
   * Outlier ejection.
   *
   * @param consecutiveErrors failed streams in a row that eject an instance; zero is off
   * @param interval between two sweeps
   * @param baseEjectionTime first ejection; grows with each further one, ends with the first good
   *     health check
   * @param maxEjectionPercent share of instances that may be ejected at once
   */
  public record Passive(
      long consecutiveErrors,
      Duration interval,
      Duration baseEjectionTime,
      long maxEjectionPercent) {}

  /**
   * What is tried again.
   *
   * @param numRetries when a stream to the plugin cannot be opened
   */
  public record Retry(long numRetries) {}

  /** Time-outs of connections. */
  public record Timeout(Tcp tcp) {}

  /**
   * Time-outs of TCP.
   *
   * @param connectTimeout for a connection to the plugin
   */
  public record Tcp(Duration connectTimeout) {}

  /** HTTP/2 of the connections. */
  public record Http2(ConnectionKeepalive connectionKeepalive) {}

  /**
   * HTTP/2 PING on idle and busy connections.
   *
   * @param interval between two pings
   * @param timeout for an answer, after which the connection is dead
   */
  public record ConnectionKeepalive(Duration interval, Duration timeout) {}

  /**
   * For addresses given by name.
   *
   * @param dnsRefreshRate between two look-ups
   */
  public record Dns(Duration dnsRefreshRate) {}
}
