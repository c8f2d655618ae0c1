package io.pointsman.common;

import java.net.InetSocketAddress;

/**
 * An address to listen on, as operators write it: {@code :8080} (all interfaces), {@code
 * 127.0.0.1:8080}, {@code [::1]:8080} or {@code localhost:8080}. Port 0 takes a free one.
 *
 * @param host address or name without brackets; empty for all interfaces
 * @param port TCP port, 0 to 65535
 */
public record BindAddress(String host, int port) {
  private static final String EXPECTED = "expected HOST:PORT or :PORT, found \"%s\"";

  /**
   * Reads the written form.
   *
   * @throws IllegalArgumentException with what was expected and what was found
   */
  public static BindAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException(EXPECTED.formatted(text));
    }
    String host = text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (bracketed) {
      host = host.substring(1, host.length() - 1);
    }
    boolean hostIsSound =
        bracketed ? host.indexOf(':') >= 0 : host.chars().noneMatch(c -> "[]: ".indexOf(c) >= 0);
    int port = parsePort(text.substring(colon + 1));
    if (!hostIsSound || port < 0) {
      throw new IllegalArgumentException(EXPECTED.formatted(text));
    }
    return new BindAddress(host, port);
  }

  /** -1 if it is not a port. Digits only: {@link Integer#parseInt} would take a sign. */
  private static int parsePort(String digits) {
    if (digits.isEmpty()
        || digits.length() > 5
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return -1;
    }
    int port = Integer.parseInt(digits);
    return port <= 65535 ? port : -1;
  }

  /** For a server socket; a host name is looked up now and may turn out unresolved. */
  public InetSocketAddress toSocketAddress() {
    return host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
  }

  /** The written form again, IPv6 in brackets. */
  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
