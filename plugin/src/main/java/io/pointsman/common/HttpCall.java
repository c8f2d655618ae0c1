package io.pointsman.common;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link HttpEndpoint} may know of the request it answers. The path is settled before it is
 * asked, and the method is one of its own.
 *
 * @param peer address the connection comes from
 * @param method such as {@code GET}
 * @param query what stands after the question mark, as it came, or null
 * @param authorization value of the header, or null; a secret
 * @param body as UTF-8; empty for GET and HEAD
 */
public record HttpCall(
    InetAddress peer,
    String method,
    @Nullable String query,
    @Nullable String authorization,
    String body) {

  /** Tells no secret. */
  @Override
  public String toString() {
    return "HttpCall[" + method + " from " + peer.getHostAddress() + "]";
  }
}
