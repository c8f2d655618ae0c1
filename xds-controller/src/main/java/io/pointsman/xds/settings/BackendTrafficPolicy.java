package io.pointsman.xds.settings;

/**
 * For backends that a route names itself, not those that the plugin picks: here the plugin's HTTP
 * port, which answers {@code GET /v1/models}.
 */
public record BackendTrafficPolicy(CircuitBreaker circuitBreaker, Http2 http2) {

  /**
   * HTTP/2 towards those backends that speak it.
   *
   * @param maxConcurrentStreams requests at once on one connection
   */
  public record Http2(long maxConcurrentStreams) {}
}
