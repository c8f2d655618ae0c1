package io.pointsman.xds.settings;

/**
 * Where Envoy listens for clients.
 *
 * @param address IP address; {@code ::} takes IPv4 too
 * @param port TCP port
 */
public record Listener(String address, int port) {}
