package io.pointsman.plugin.identity;

import org.jspecify.annotations.Nullable;

/** Reads {@code Authorization: Bearer <token>} (RFC 6750); the scheme in any case, RFC 9110. */
final class BearerToken {
  private static final String SCHEME = "bearer";

  private BearerToken() {}

  /** The token, or null if the header is not there or is of another form. */
  static @Nullable String of(@Nullable String authorization) {
    if (authorization == null
        || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return null;
    }
    int start = SCHEME.length();
    if (start == authorization.length() || !isSpace(authorization.charAt(start))) {
      return null;
    }
    String token = authorization.substring(start).strip();
    return token.isEmpty() ? null : token;
  }

  private static boolean isSpace(char c) {
    return c == ' ' || c == '\t';
  }
}
