package io.pointsman.plugin.routing;

import java.util.random.RandomGenerator;

/**
 * Sessions are known by a number: the client may name one by the id that it was told before, or by
 * a key of its own; whoever names none begins a new one. Neither shows where the session is served.
 */
final class SessionNumber {
  /** A longer id or key is ignored, as in the reference. */
  private static final int MAX_LENGTH = 256;

  private static final int ID_LENGTH = Long.SIZE / 4;

  private SessionNumber() {}

  /** The number of a request's session, never 0. */
  static long of(RouteHeaders headers, RandomGenerator random) {
    String id = headers.sessionId();
    String key = headers.sessionKey();
    long number;
    if (id != null && id.length() <= MAX_LENGTH) {
      number = isId(id) ? Long.parseUnsignedLong(id, 16) : hash(id);
    } else if (key != null && key.length() <= MAX_LENGTH) {
      number = hash(key);
    } else {
      number = random.nextLong();
    }
    return number == 0 ? 1 : number;
  }

  /** What clients are told: 16 hexadecimal digits. */
  static String id(long number) {
    String digits = Long.toHexString(number);
    return "0".repeat(ID_LENGTH - digits.length()) + digits;
  }

  private static boolean isId(String text) {
    if (text.length() != ID_LENGTH) {
      return false;
    }
    for (int i = 0; i < ID_LENGTH; i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  /** FNV-1a, 64 bit; fixed, so that all replicas agree. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return hash;
  }
}
