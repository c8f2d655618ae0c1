package io.pointsman.common;

import java.net.InetAddress;

/**
 * What an {@link HttpEndpoint} may know of the request it answers. Method and path are settled
 * before it is asked.
 *
 * @param peer address the connection comes from
 */
public record HttpCall(InetAddress peer) {}
