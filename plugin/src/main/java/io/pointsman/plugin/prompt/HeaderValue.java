package io.pointsman.plugin.prompt;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Header values of the shape {@code type; name=value; name="quoted"} (RFC 9110, 5.6.6). */
final class HeaderValue {
  private HeaderValue() {}

  /** What stands before the parameters, in lower case. */
  static String type(String header) {
    int semicolon = header.indexOf(';');
    String type = semicolon < 0 ? header : header.substring(0, semicolon);
    return type.strip().toLowerCase(Locale.ROOT);
  }

  /**
   * The value of a parameter, without quotes, or null if it is absent.
   *
   * @throws MalformedBody if the header cannot be taken apart or has the parameter twice
   */
  static @Nullable String parameter(String header, String wanted) {
    String found = null;
    int i = header.indexOf(';');
    while (i >= 0 && i < header.length()) {
      i = skipSpace(header, i + 1);
      if (i == header.length()) {
        break;
      }
      int equals = header.indexOf('=', i);
      if (equals < 0) {
        throw malformed();
      }
      String name = header.substring(i, equals).strip();
      i = skipSpace(header, equals + 1);
      int from = i;
      boolean quoted = i < header.length() && header.charAt(i) == '"';
      i = quoted ? endOfQuoted(header, i) : endOfToken(header, i);
      if (name.equalsIgnoreCase(wanted)) {
        if (found != null) {
          throw malformed();
        }
        found = quoted ? unquote(header, from + 1, i - 1) : header.substring(from, i).strip();
      }
      i = skipSpace(header, i);
      if (i < header.length() && header.charAt(i) != ';') {
        throw malformed();
      }
    }
    return found;
  }

  private static int skipSpace(String header, int from) {
    int i = from;
    while (i < header.length() && (header.charAt(i) == ' ' || header.charAt(i) == '\t')) {
      i++;
    }
    return i;
  }

  private static int endOfToken(String header, int from) {
    int semicolon = header.indexOf(';', from);
    return semicolon < 0 ? header.length() : semicolon;
  }

  private static int endOfQuoted(String header, int openingQuote) {
    for (int i = openingQuote + 1; i < header.length(); i++) {
      char c = header.charAt(i);
      if (c == '"') {
        return i + 1;
      }
      if (escapes(header, i)) {
        i++;
      }
    }
    throw malformed();
  }

  private static String unquote(String header, int from, int to) {
    StringBuilder value = new StringBuilder(to - from);
    for (int i = from; i < to; i++) {
      if (escapes(header, i)) {
        i++;
      }
      value.append(header.charAt(i));
    }
    return value.toString();
  }

  /** A backslash counts before a quote or another one; file names have it elsewhere too. */
  private static boolean escapes(String header, int i) {
    return header.charAt(i) == '\\'
        && i + 1 < header.length()
        && (header.charAt(i + 1) == '"' || header.charAt(i + 1) == '\\');
  }

  private static MalformedBody malformed() {
    return MalformedBody.form("malformed multipart header");
  }
}
