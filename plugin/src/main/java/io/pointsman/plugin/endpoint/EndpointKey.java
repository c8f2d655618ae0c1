package io.pointsman.plugin.endpoint;

/**
 * What an endpoint is across updates: the pod and one of its ports. Counters and learned state
 * belong to this key, so a pod whose labels or readiness change keeps them.
 *
 * @param uid pod UID; the address where discovery knows no UIDs
 * @param port TCP port, 1 to 65535
 */
public record EndpointKey(String uid, int port) {}
