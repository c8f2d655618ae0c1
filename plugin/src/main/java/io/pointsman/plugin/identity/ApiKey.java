package io.pointsman.plugin.identity;

import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of an API key: everything but the key. Immutable.
 *
 * @param name what operators call it, and what its requests count for; see {@link #MAX_NAME}
 * @param hash finds it
 * @param prefix how the key begins, so that its owner recognises it; empty if that is not known
 * @param user whom it belongs to, or null
 * @param limits its own limits
 * @param createdAt seconds since 1970, or 0 if that is not known
 */
public record ApiKey(
    String name,
    KeyHash hash,
    String prefix,
    @Nullable String user,
    Limits limits,
    long createdAt) {

  /** Longest name of a key or user, in characters. */
  public static final int MAX_NAME = 128;

  /** Begins each key made here, so that scanners of repositories can find one that got loose. */
  private static final String SCHEME = "pm-";

  private static final int SECRET_BYTES = 32;

  /** Of a whole key, in characters: each stands for six bits. */
  private static final int LENGTH = SCHEME.length() + (SECRET_BYTES * 8 + 5) / 6;

  /** With {@code pm-} seven random characters: 42 of 256 bits. */
  private static final int PREFIX_LENGTH = 10;

  /** A new key: 256 random bits, after {@code pm-}. */
  static String generate(SecureRandom random) {
    var secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    return SCHEME + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
  }

  /** How a key of {@link #generate} begins. */
  static String prefixOf(String key) {
    return key.substring(0, PREFIX_LENGTH);
  }

  /**
   * A text that may be a key by mistake, such as a name that was given: as it is to be recorded.
   */
  static String withoutSecret(String text) {
    return text.startsWith(SCHEME) && text.length() == LENGTH ? prefixOf(text) + "***" : text;
  }

  /**
   * Checks a name of a key or a user: printable ASCII without spaces at its ends, so that it can
   * stand in headers, keys of Redis and log lines as it is.
   *
   * @return the name
   * @throws IllegalArgumentException with what was expected
   */
  public static String checkName(String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException(
          "expected a name of 1 to "
              + MAX_NAME
              + " printable ASCII characters without spaces at its ends");
    }
    return name;
  }

  static boolean isName(String name) {
    if (name.isEmpty() || name.length() > MAX_NAME) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c < ' ' || c > '~') {
        return false;
      }
    }
    return name.charAt(0) != ' ' && name.charAt(name.length() - 1) != ' ';
  }
}
