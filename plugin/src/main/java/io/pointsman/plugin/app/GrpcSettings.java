package io.pointsman.plugin.app;

import io.pointsman.common.BindAddress;
import java.time.Duration;

/**
 * How the gRPC server listens.
 *
 * @param maxMessageBytes largest message taken
 * @param keepaliveTime silence after which a connection is pinged
 * @param keepaliveTimeout how long a ping may stay unanswered
 * @param permitKeepaliveTime shortest interval at which clients may ping
 * @param maxConcurrentCallsPerConnection streams one connection may carry
 */
record GrpcSettings(
    BindAddress bindAddress,
    int maxMessageBytes,
    Duration keepaliveTime,
    Duration keepaliveTimeout,
    Duration permitKeepaliveTime,
    int maxConcurrentCallsPerConnection,
    TlsSettings tls) {

  /** The same on another address. */
  GrpcSettings with(BindAddress otherAddress) {
    return new GrpcSettings(
        otherAddress,
        maxMessageBytes,
        keepaliveTime,
        keepaliveTimeout,
        permitKeepaliveTime,
        maxConcurrentCallsPerConnection,
        tls);
  }
}
