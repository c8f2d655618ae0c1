package io.pointsman.xds.settings;

import java.time.Duration;

/** What Envoy allows its clients. */
public record ClientTrafficPolicy(Connection connection, Http2 http2, Timeout timeout) {

  /**
   * One client connection.
   *
   * @param bufferLimit bytes buffered per connection and, with HTTP/2, per stream; where the plugin
   *     gets bodies buffered, the largest body that passes
   */
  public record Connection(long bufferLimit, ConnectionLimit connectionLimit) {}

  /**
   * How many client connections.
   *
   * @param value client connections open at once, per Envoy; one more is closed at once
   */
  public record ConnectionLimit(long value) {}

  /**
   * HTTP/2 towards clients.
   *
   * @param maxConcurrentStreams requests at once on one HTTP/2 connection
   * @param initialConnectionWindowSize flow-control window of a connection, bytes
   */
  public record Http2(long maxConcurrentStreams, long initialConnectionWindowSize) {}

  /** Time-outs towards clients. */
  public record Timeout(Http http) {}

  /**
   * Time-outs of HTTP.
   *
   * @param requestReceivedTimeout for a whole request to arrive; zero is off
   * @param idleTimeout for a connection without requests; zero is off
   * @param streamIdleTimeout for a request on which nothing moves, where the route sets none; zero
   *     is off
   */
  public record Http(
      Duration requestReceivedTimeout, Duration idleTimeout, Duration streamIdleTimeout) {}
}
