package io.pointsman.plugin.prompt;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Passes over the strings, numbers and literals of JSON text (RFC 8259) in a byte array, in place,
 * and refuses what is none. Inside strings, which are nearly all of a prompt, it looks at eight
 * bytes at a time. Objects and arrays are {@link JsonCursor}'s. Not thread-safe.
 */
abstract class JsonScalars {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  private final byte[] bytes;
  private final int start;
  private final int end;
  private final boolean cut;
  private int at;
  private int textStart;
  private boolean textEscaped;

  /**
   * @param cut true if more may have followed behind the last byte: reaching the end is then
   *     reported as {@link Malformed.Kind#INCOMPLETE}
   */
  JsonScalars(byte[] bytes, int offset, int length, boolean cut) {
    this.bytes = bytes;
    this.start = offset;
    this.at = offset;
    this.end = offset + length;
    this.cut = cut;
  }

  /** Index of the next unread byte; after a cut, one past the last whole character. */
  final int position() {
    return at;
  }

  /** First byte between the quotes of the string read last. */
  final int textStart() {
    return textStart;
  }

  /** True if the string read last has a backslash in it. */
  final boolean textEscaped() {
    return textEscaped;
  }

  /** One past the last byte between the quotes of the string that was just read. */
  final int textEnd() {
    return at - 1;
  }

  /** True if the string that was just read is this ASCII text, escapes resolved. */
  final boolean textEquals(String text) {
    return spells(text, textStart, textEnd(), textEscaped);
  }

  /** True if the inside of a string is this ASCII text, escapes resolved. */
  final boolean spells(String text, int from, int to, boolean escaped) {
    if (!escaped) {
      return to - from == text.length() && JsonText.equal(text, bytes, from);
    }
    // A character takes at most six bytes when escaped.
    byte[] plain = to - from > 6 * text.length() ? null : JsonText.unescape(bytes, from, to);
    return plain != null && plain.length == text.length() && JsonText.equal(text, plain, 0);
  }

  /** The bytes that the text is part of. */
  final byte[] bytes() {
    return bytes;
  }

  /** Passes over white space and returns the byte that follows, which stays unread. */
  final byte peek() {
    int i = at;
    while (i < end) {
      byte c = bytes[i];
      if (c > ' ') {
        at = i;
        return c;
      }
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
        at = i;
        throw invalid("unexpected byte");
      }
      i++;
    }
    at = i;
    throw endReached();
  }

  /** Refuses anything but white space behind the outermost value. */
  final void expectEnd() {
    while (at < end) {
      byte c = bytes[at];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
        throw invalid("text after the end of the object");
      }
      at++;
    }
  }

  /** Passes over the byte that {@link #peek} has shown. */
  final void advance() {
    at++;
  }

  /** Passes over the string whose opening quote is the next byte, and validates it. */
  final void skipString() {
    byte[] b = bytes;
    int wordEnd = end - Long.BYTES;
    int i = at + 1;
    textStart = i;
    textEscaped = false;
    while (true) {
      while (i <= wordEnd) {
        long stops = stops((long) LONGS.get(b, i));
        if (stops != 0) {
          i += Long.numberOfTrailingZeros(stops) >>> 3;
          break;
        }
        i += Long.BYTES;
      }
      if (i >= end) {
        at = i;
        throw endReached();
      }
      byte c = b[i];
      if (c == '"') {
        at = i + 1;
        return;
      }
      if (c == '\\') {
        i = skipEscape(i);
        textEscaped = true;
      } else if (c < 0) {
        i = skipMultiByte(i);
      } else if (c < ' ') {
        at = i;
        throw invalid("control character in a string");
      } else {
        i++;
      }
    }
  }

  /**
   * The bytes of a word that end a plain run: quote, backslash, control characters, and bytes above
   * 0x7f, each as its high bit. {@code x ^ 2} maps the quote to 0x20 and leaves control characters
   * below, so that one comparison with 0x21 finds both; the high bit set before each subtraction
   * keeps a borrow from reaching the next byte.
   */
  private static long stops(long word) {
    long quoteOrControl = ((word ^ (2 * ONES)) | HIGH_BITS) - 0x21 * ONES;
    long backslash = ((word ^ ('\\' * ONES)) | HIGH_BITS) - ONES;
    return (~(quoteOrControl & backslash) | word) & HIGH_BITS;
  }

  private int skipEscape(int i) {
    at = i;
    if (i + 1 >= end) {
      throw endReached();
    }
    return switch (bytes[i + 1]) {
      case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> i + 2;
      case 'u' -> skipHex(i + 2);
      default -> throw invalid("bad escape in a string");
    };
  }

  private int skipHex(int from) {
    int to = Math.min(from + 4, end);
    for (int i = from; i < to; i++) {
      if (Character.digit(bytes[i], 16) < 0) {
        throw invalid("bad escape in a string");
      }
    }
    if (to < from + 4) {
      throw endReached();
    }
    return to;
  }

  /** Passes over a run of bytes above 0x7f, which must be UTF-8 as RFC 3629 has it. */
  private int skipMultiByte(int from) {
    byte[] b = bytes;
    int wordEnd = end - Long.BYTES;
    int i = from;
    while (i < end && b[i] < 0) {
      if (i <= wordEnd && isTwoThreeByteCharacters((long) LONGS.get(b, i))) {
        i += 6;
      } else {
        i = skipCharacter(i);
      }
    }
    return i;
  }

  /**
   * True if the lower six bytes of a word are two characters of three bytes each: nearly all of
   * Chinese, Japanese and Korean. Leads 0xe0 and 0xed, whose second byte is limited, are not told
   * from others here and so left out.
   */
  private static boolean isTwoThreeByteCharacters(long word) {
    if ((word & 0x0000_c0c0_f0c0_c0f0L) != 0x0000_8080_e080_80e0L) {
      return false;
    }
    int first = (int) word & 0xf;
    int second = (int) (word >> 24) & 0xf;
    return first != 0 && first != 0xd && second != 0 && second != 0xd;
  }

  private int skipCharacter(int i) {
    at = i;
    int lead = bytes[i] & 0xff;
    int extra = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4) {
      throw invalid("not UTF-8");
    }
    int last = Math.min(i + extra, end - 1);
    if (last > i && !secondByteFits(lead, bytes[i + 1])) {
      throw invalid("not UTF-8");
    }
    for (int k = i + 2; k <= last; k++) {
      if ((bytes[k] & 0xc0) != 0x80) {
        throw invalid("not UTF-8");
      }
    }
    if (last < i + extra) {
      throw endReached();
    }
    return last + 1;
  }

  /** Continuation bytes, less overlong forms, surrogates and what lies above U+10FFFF. */
  private static boolean secondByteFits(int lead, byte second) {
    int low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    int high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    int value = second & 0xff;
    return value >= low && value <= high;
  }

  /** Reads {@code true} or {@code false}. */
  final boolean readBoolean() {
    boolean value = peek() == 't';
    skipLiteral(value ? "true" : "false");
    return value;
  }

  /** Reads {@code null}. */
  final void skipNull() {
    peek();
    skipLiteral("null");
  }

  private void skipLiteral(String literal) {
    for (int k = 0; k < literal.length(); k++) {
      if (at == end) {
        throw endReached();
      }
      if (bytes[at] != literal.charAt(k)) {
        throw invalid("expected a value");
      }
      at++;
    }
  }

  /** Passes over a number; true if it is an integer, with neither fraction nor exponent. */
  final boolean skipNumber() {
    byte c = peek();
    if (c == '-') {
      at++;
      c = digitExpected();
    } else if (c < '0' || c > '9') {
      throw invalid("expected a value");
    }
    if (c == '0') {
      at++;
    } else {
      skipDigits();
    }
    boolean integer = true;
    if (byteAt() == '.') {
      integer = false;
      at++;
      digitExpected();
      skipDigits();
    }
    c = byteAt();
    if (c == 'e' || c == 'E') {
      integer = false;
      at++;
      c = byteAt();
      if (c == '+' || c == '-') {
        at++;
      }
      digitExpected();
      skipDigits();
    }
    return integer;
  }

  private byte digitExpected() {
    byte c = byteAt();
    if (c < '0' || c > '9') {
      throw invalid("bad number");
    }
    return c;
  }

  private void skipDigits() {
    byte c = byteAt();
    while (c >= '0' && c <= '9') {
      at++;
      c = byteAt();
    }
  }

  private byte byteAt() {
    if (at == end) {
      throw endReached();
    }
    return bytes[at];
  }

  final MalformedBody invalid(String what) {
    return MalformedBody.body("invalid JSON at byte " + (at - start) + ": " + what);
  }

  private MalformedBody endReached() {
    return cut
        ? MalformedBody.incomplete()
        : MalformedBody.body("invalid JSON at byte " + (end - start) + ": the body ends too early");
  }
}
