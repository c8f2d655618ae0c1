package io.pointsman.plugin.blockmap;

/**
 * Resolves the escapes of a JSON string. Runs without a backslash are handed on where they lie;
 * what an escape stands for comes as UTF-8 from a small buffer. A surrogate without its other half,
 * which JSON allows and UTF-8 does not, comes as the three bytes that the encoding rule would give.
 * The string must be valid, as the request reader leaves it. Not thread-safe.
 */
final class EscapeReader {
  /** Takes bytes that lie together. */
  interface Target {
    void text(byte[] bytes, int start, int end);
  }

  private final byte[] resolved = new byte[512];
  private int size;

  void read(byte[] body, int start, int end, Target target) {
    int run = start;
    int i = start;
    while (i < end) {
      if (body[i] != '\\') {
        i++;
        continue;
      }
      flush(target);
      target.text(body, run, i);
      // Escapes that follow each other are resolved together.
      while (i < end && body[i] == '\\') {
        i = resolve(body, i + 1, end);
        if (size > resolved.length - 4) {
          flush(target);
        }
      }
      run = i;
    }
    flush(target);
    target.text(body, run, end);
  }

  private void flush(Target target) {
    if (size > 0) {
      target.text(resolved, 0, size);
      size = 0;
    }
  }

  /** Resolves one escape; returns the position behind it. */
  private int resolve(byte[] body, int at, int end) {
    switch (body[at]) {
      case 'b' -> resolved[size++] = '\b';
      case 'f' -> resolved[size++] = '\f';
      case 'n' -> resolved[size++] = '\n';
      case 'r' -> resolved[size++] = '\r';
      case 't' -> resolved[size++] = '\t';
      case 'u' -> {
        return unicode(body, at + 1, end);
      }
      default -> resolved[size++] = body[at];
    }
    return at + 1;
  }

  private int unicode(byte[] body, int at, int end) {
    int unit = hex(body, at);
    int next = at + 4;
    if (Character.isHighSurrogate((char) unit)
        && next + 6 <= end
        && body[next] == '\\'
        && body[next + 1] == 'u') {
      int low = hex(body, next + 2);
      if (Character.isLowSurrogate((char) low)) {
        utf8(Character.toCodePoint((char) unit, (char) low));
        return next + 6;
      }
    }
    utf8(unit);
    return next;
  }

  private static int hex(byte[] body, int at) {
    int value = 0;
    for (int i = at; i < at + 4; i++) {
      value = (value << 4) | Character.digit(body[i], 16);
    }
    return value;
  }

  private void utf8(int codePoint) {
    if (codePoint < 0x80) {
      resolved[size++] = (byte) codePoint;
    } else if (codePoint < 0x800) {
      resolved[size++] = (byte) (0xc0 | (codePoint >> 6));
      continuation(codePoint);
    } else if (codePoint < 0x10000) {
      resolved[size++] = (byte) (0xe0 | (codePoint >> 12));
      continuation(codePoint >> 6);
      continuation(codePoint);
    } else {
      resolved[size++] = (byte) (0xf0 | (codePoint >> 18));
      continuation(codePoint >> 12);
      continuation(codePoint >> 6);
      continuation(codePoint);
    }
  }

  private void continuation(int bits) {
    resolved[size++] = (byte) (0x80 | (bits & 0x3f));
  }
}
