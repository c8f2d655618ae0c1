package io.pointsman.xds.settings;

/**
 * Envoy's gRPC access log, streamed to the plugin: tells how requests ended when the plugin does
 * not see their bodies.
 */
public record AccessLog(boolean enabled) {}
