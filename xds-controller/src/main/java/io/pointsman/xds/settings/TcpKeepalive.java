package io.pointsman.xds.settings;

import java.time.Duration;

/**
 * TCP keepalive of upstream connections, in whole seconds as the kernel counts.
 *
 * @param probes unanswered probes after which the connection is dead
 * @param idleTime silence before the first probe
 * @param interval between two probes
 */
public record TcpKeepalive(long probes, Duration idleTime, Duration interval) {}
