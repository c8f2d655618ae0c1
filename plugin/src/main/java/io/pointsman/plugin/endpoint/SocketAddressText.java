package io.pointsman.plugin.endpoint;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/**
 * A socket address as an operator writes it. Hosts are IP literals, since Envoy's original
 * destination cluster dials {@code ip:port} and resolves nothing; {@code localhost} stands for
 * 127.0.0.1.
 *
 * @param host IPv4, or IPv6 in the form of RFC 5952 without brackets
 * @param port 1 to 65535
 */
record SocketAddressText(String host, int port) {
  static final int DEFAULT_PORT = 8000;

  private static final String OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
  private static final Pattern IPV6_CHARACTERS = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
  private static final Pattern DIGITS = Pattern.compile("\\d{1,5}");

  /**
   * Reads {@code host} or {@code host:port}; port {@link #DEFAULT_PORT} if none is given.
   *
   * @throws IllegalArgumentException if it is neither; the message says what was expected
   */
  static SocketAddressText parse(String text) {
    int portAt;
    String host;
    if (text.startsWith("[")) {
      int end = text.indexOf(']');
      if (end < 0) {
        throw refused(text, "the bracket is not closed");
      }
      host = canonicalIpv6(text, text.substring(1, end));
      portAt = end + 1;
    } else {
      portAt = text.indexOf(':');
      if (portAt != text.lastIndexOf(':')) {
        throw refused(text, "an IPv6 address must stand in brackets");
      }
      portAt = portAt < 0 ? text.length() : portAt;
      host = ipv4(text, text.substring(0, portAt));
    }
    return new SocketAddressText(host, port(text, text.substring(portAt)));
  }

  private static String ipv4(String text, String host) {
    if (host.equals("localhost")) {
      return "127.0.0.1";
    }
    if (!IPV4.matcher(host).matches()) {
      throw refused(text, "the host must be an IP address, as Envoy dials it without resolving");
    }
    return host;
  }

  private static int port(String text, String suffix) {
    if (suffix.isEmpty()) {
      return DEFAULT_PORT;
    }
    String digits = suffix.substring(1);
    int port =
        suffix.startsWith(":") && DIGITS.matcher(digits).matches() ? Integer.parseInt(digits) : 0;
    if (port < 1 || port > 65_535) {
      throw refused(text, "the port must be 1 to 65535");
    }
    return port;
  }

  private static String canonicalIpv6(String text, String host) {
    if (!IPV6_CHARACTERS.matcher(host).matches()) {
      throw refused(text, "no IPv6 address stands in the brackets");
    }
    try {
      // With a colon in it this is never looked up by name.
      byte[] bytes = InetAddress.getByName(host).getAddress();
      if (bytes.length != 16) {
        throw refused(text, "an IPv4-mapped address must be written as IPv4");
      }
      return rfc5952(bytes);
    } catch (UnknownHostException e) {
      throw refused(text, "no IPv6 address stands in the brackets");
    }
  }

  /** Lower case, no leading zeros, the first longest run of two or more zero groups as ::. */
  private static String rfc5952(byte[] bytes) {
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
    }
    int gapStart = -1;
    int gapLength = 1;
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - i > gapLength) {
        gapStart = i;
        gapLength = end - i;
      }
    }
    var text = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == gapStart) {
        text.append("::");
        i += gapLength - 1;
      } else {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }

  private static IllegalArgumentException refused(String text, String reason) {
    return new IllegalArgumentException(
        "expected ip:port, found \"%s\": %s".formatted(text, reason));
  }

  /** {@code ip:port}, IPv6 in brackets. */
  String text() {
    return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
  }
}
