package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.data.accesslog.v3.ResponseFlags;

/** Why Envoy says a request is over. */
enum FinishCause {
  /** The answer went out whole, whatever its status. */
  COMPLETED("completed"),
  /** The client left or reset the request. */
  CLIENT_CANCELLED("client_cancelled"),
  /** The pod, or what lies before it, broke a connection that stood. */
  UPSTREAM_RESET("upstream_reset"),
  /** No connection to the pod came about. */
  CONNECT_FAILURE("connect_failure"),
  /** One of Envoy's timers ran out. */
  TIMEOUT("timeout"),
  /** A circuit breaker was full. */
  OVERFLOW("overflow"),
  /** No route, cluster or host was left to send it to. */
  NO_UPSTREAM("no_upstream"),
  /** Envoy ended it for another reason. */
  OTHER("other");

  private final String label;

  FinishCause(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }

  /**
   * The cause that these flags tell. Of several the first in this order: a client that leaves
   * resets the upstream too, and a full breaker or a time-out looks like a reset.
   */
  static FinishCause of(ResponseFlags flags) {
    if (flags.getDownstreamConnectionTermination() || flags.getDownstreamRemoteReset()) {
      return CLIENT_CANCELLED;
    }
    if (flags.getUpstreamOverflow()) {
      return OVERFLOW;
    }
    if (flags.getUpstreamRequestTimeout()
        || flags.getUpstreamMaxStreamDurationReached()
        || flags.getDurationTimeout()
        || flags.getStreamIdleTimeout()) {
      return TIMEOUT;
    }
    if (flags.getUpstreamConnectionFailure()) {
      return CONNECT_FAILURE;
    }
    if (flags.getUpstreamRemoteReset()
        || flags.getUpstreamConnectionTermination()
        || flags.getUpstreamProtocolError()) {
      return UPSTREAM_RESET;
    }
    if (flags.getNoRouteFound() || flags.getNoClusterFound() || flags.getNoHealthyUpstream()) {
      return NO_UPSTREAM;
    }
    return flags.equals(ResponseFlags.getDefaultInstance()) ? COMPLETED : OTHER;
  }
}
