package io.pointsman.xds.settings;

/**
 * Limits of one Envoy towards all backends of a cluster together.
 *
 * @param maxConnections connections open at once
 * @param maxPendingRequests requests that wait for a connection
 * @param maxParallelRequests requests under way
 * @param maxParallelRetries retries under way
 * @param maxRequestsPerConnection requests after which a connection is closed; zero is no limit
 */
public record CircuitBreaker(
    long maxConnections,
    long maxPendingRequests,
    long maxParallelRequests,
    long maxParallelRetries,
    long maxRequestsPerConnection) {}
