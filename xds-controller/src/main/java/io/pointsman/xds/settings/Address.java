package io.pointsman.xds.settings;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * Host and port of a backend.
 *
 * @param host IPv4 or IPv6 address without brackets, or a DNS name
 * @param port TCP port
 */
public record Address(String host, int port) {
  private static final int MAX_NAME = 253;
  private static final int MAX_LABEL = 63;

  /** Reads {@code host:port} or {@code [::1]:port}; null if the text is neither. */
  static @Nullable Address parse(String text) {
    int colon = text.lastIndexOf(':');
    int port = colon < 0 ? -1 : number(text.substring(colon + 1), 5, 65535);
    if (port < 1) {
      return null;
    }
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
      return isIpv6(host) ? new Address(host, port) : null;
    }
    return isIpv4(host) || isName(host) ? new Address(host, port) : null;
  }

  /** Whether the host is an IP address rather than a name. */
  public boolean isIp() {
    return isIp(host);
  }

  /** The written form, IPv6 in brackets. */
  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /** Whether a text is an IPv4 or IPv6 address, without brackets. */
  static boolean isIp(String host) {
    return isIpv4(host) || isIpv6(host);
  }

  private static boolean isIpv4(String host) {
    String[] parts = host.split("\\.", -1);
    if (parts.length != 4) {
      return false;
    }
    for (String part : parts) {
      if (number(part, 3, 255) < 0 || (part.length() > 1 && part.startsWith("0"))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isIpv6(String host) {
    if (host.indexOf(':') < 0 || host.indexOf('%') >= 0 || host.indexOf('[') >= 0) {
      return false;
    }
    try {
      // In brackets nothing but a literal is taken, so this never asks a name server.
      return InetAddress.getByName("[" + host + "]") instanceof Inet6Address;
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static boolean isName(String host) {
    String[] labels = host.split("\\.", -1);
    // A last label of digits only is a mistyped IPv4 address, never a name.
    if (host.length() > MAX_NAME
        || labels[labels.length - 1].chars().allMatch(Character::isDigit)) {
      return false;
    }
    for (String label : labels) {
      if (!isLabel(label)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isLabel(String label) {
    return !label.isEmpty()
        && label.length() <= MAX_LABEL
        && !label.startsWith("-")
        && !label.endsWith("-")
        && label.chars().allMatch(Address::isNameCharacter);
  }

  private static boolean isNameCharacter(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_';
  }

  /** The number written in one to some digits, or -1 if it is not one or greater than allowed. */
  private static int number(String digits, int maxDigits, int max) {
    if (digits.isEmpty()
        || digits.length() > maxDigits
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return -1;
    }
    int value = Integer.parseInt(digits);
    return value <= max ? value : -1;
  }
}
