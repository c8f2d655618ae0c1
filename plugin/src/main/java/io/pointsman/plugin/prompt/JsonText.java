package io.pointsman.plugin.prompt;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Resolves the escapes of JSON strings that a {@link JsonCursor} has found valid. */
final class JsonText {
  private JsonText() {}

  /** The string between two quotes, or null if half of a surrogate pair stands alone in it. */
  static @Nullable String decode(byte[] bytes, int from, int to, boolean escaped) {
    if (!escaped) {
      return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }
    byte[] plain = unescape(bytes, from, to);
    return plain == null ? null : new String(plain, StandardCharsets.UTF_8);
  }

  /** The string's UTF-8 bytes, or null if half of a surrogate pair stands alone in it. */
  static byte @Nullable [] unescape(byte[] bytes, int from, int to) {
    // Never longer than the escaped form: six bytes become at most three, twelve become four.
    byte[] plain = new byte[to - from];
    int size = 0;
    int i = from;
    while (i < to) {
      byte c = bytes[i];
      if (c != '\\') {
        plain[size++] = c;
        i++;
        continue;
      }
      if (bytes[i + 1] != 'u') {
        plain[size++] = unescaped(bytes[i + 1]);
        i += 2;
        continue;
      }
      int code = hex(bytes, i + 2);
      i += 6;
      if (Character.isHighSurrogate((char) code)) {
        if (i + 6 > to || bytes[i] != '\\' || bytes[i + 1] != 'u') {
          return null;
        }
        int low = hex(bytes, i + 2);
        if (!Character.isLowSurrogate((char) low)) {
          return null;
        }
        code = Character.toCodePoint((char) code, (char) low);
        i += 6;
      } else if (Character.isLowSurrogate((char) code)) {
        return null;
      }
      size = append(plain, size, code);
    }
    return Arrays.copyOf(plain, size);
  }

  /** True if the bytes from {@code from} on are those of an ASCII text; so many must be there. */
  static boolean equal(String text, byte[] bytes, int from) {
    for (int i = 0; i < text.length(); i++) {
      if (bytes[from + i] != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static byte unescaped(byte letter) {
    return switch (letter) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      default -> letter;
    };
  }

  private static int hex(byte[] bytes, int from) {
    int value = 0;
    for (int i = from; i < from + 4; i++) {
      value = value << 4 | Character.digit(bytes[i], 16);
    }
    return value;
  }

  private static int append(byte[] plain, int at, int code) {
    int size = at;
    if (code < 0x80) {
      plain[size++] = (byte) code;
      return size;
    }
    if (code < 0x800) {
      plain[size++] = (byte) (0xc0 | (code >> 6));
    } else {
      if (code < 0x10000) {
        plain[size++] = (byte) (0xe0 | (code >> 12));
      } else {
        plain[size++] = (byte) (0xf0 | (code >> 18));
        plain[size++] = continuation(code >> 12);
      }
      plain[size++] = continuation(code >> 6);
    }
    plain[size++] = continuation(code);
    return size;
  }

  private static byte continuation(int bits) {
    return (byte) (0x80 | (bits & 0x3f));
  }
}
