package io.pointsman.plugin.prompt;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the fields {@code model} and {@code stream} of one multipart/form-data body (RFC 7578, RFC
 * 2046) and passes over all others, files included, without copying them. It accepts only what
 * leaves no choice: lines end in CRLF, the body begins with its boundary, a boundary is followed by
 * CRLF or {@code --}, and a field that counts stands once. Where parsers differ, a router and a
 * model server could otherwise read different models. Used for one body, by one thread.
 */
final class MultipartForm {
  private static final int MAX_PARTS = 1_000;
  private static final int MAX_PART_HEADER_BYTES = 8_192;
  private static final int MAX_BOUNDARY = 70;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  private final byte[] bytes;
  private final int start;
  private final int end;
  private final boolean cut;

  /** CRLF, two hyphens and the boundary. */
  private final byte[] delimiter;

  private int at;
  private @Nullable String model;
  private @Nullable Boolean stream;

  /**
   * @param contentType names the boundary
   * @param cut true if more may have followed behind the last byte
   * @throws MalformedBody if the content type names no usable boundary
   */
  MultipartForm(String contentType, byte[] bytes, int offset, int length, boolean cut) {
    this.bytes = bytes;
    this.start = offset;
    this.at = offset;
    this.end = offset + length;
    this.cut = cut;
    this.delimiter = ("\r\n--" + boundary(contentType)).getBytes(StandardCharsets.US_ASCII);
  }

  private static String boundary(String contentType) {
    String boundary = HeaderValue.parameter(contentType, "boundary");
    if (boundary == null || boundary.isEmpty() || boundary.length() > MAX_BOUNDARY) {
      throw MalformedBody.form("the content type names no usable boundary");
    }
    for (int i = 0; i < boundary.length(); i++) {
      if (boundary.charAt(i) < ' ' || boundary.charAt(i) > '~') {
        throw MalformedBody.form("the content type names no usable boundary");
      }
    }
    return boundary;
  }

  ReadResult read() {
    try {
      readParts();
    } catch (MalformedBody e) {
      if (e.result().kind() != Malformed.Kind.INCOMPLETE || model == null) {
        return e.result();
      }
    }
    if (model == null) {
      return new Malformed(Malformed.Kind.MULTIPART, "the form has no model field");
    }
    return new ParsedRequest(
        model, stream != null && stream, false, -1, -1, 1, new PromptSpans(bytes));
  }

  private void readParts() {
    if (startsWith(at, 0, 2)) {
      at += 2;
    }
    expect(2, delimiter.length, "the form does not begin with its boundary");
    for (int parts = 0; !atFinalBoundary(); parts++) {
      if (parts == MAX_PARTS) {
        throw MalformedBody.form("the form has too many parts");
      }
      readPart();
    }
  }

  /** Reads what follows a boundary: two hyphens end the form, CRLF begins a part. */
  private boolean atFinalBoundary() {
    byte first = byteAt(at);
    byte second = byteAt(at + 1);
    at += 2;
    if (first == '-' && second == '-') {
      return true;
    }
    if (first != '\r' || second != '\n') {
      throw MalformedBody.form("unexpected bytes behind a boundary of the form");
    }
    return false;
  }

  private void readPart() {
    String disposition = readHeaders();
    if (!HeaderValue.type(disposition).equals("form-data")) {
      throw MalformedBody.form("a part of the form is not form-data");
    }
    String name = HeaderValue.parameter(disposition, "name");
    if (name == null) {
      throw MalformedBody.form("a part of the form has no name");
    }
    boolean file =
        HeaderValue.parameter(disposition, "filename") != null
            || HeaderValue.parameter(disposition, "filename*") != null;
    int from = at;
    skipToDelimiter();
    int to = at - delimiter.length;
    if (name.equals("model") || name.equals("stream")) {
      if (file) {
        throw MalformedBody.form("the field " + name + " must not be a file");
      }
      readField(name, from, to);
    }
  }

  private void readField(String name, int from, int to) {
    if (name.equals("model")) {
      if (model != null) {
        throw MalformedBody.form("duplicate field: model");
      }
      model = modelOf(from, to);
    } else {
      if (stream != null) {
        throw MalformedBody.form("duplicate field: stream");
      }
      stream = booleanOf(from, to);
    }
  }

  private String modelOf(int from, int to) {
    // Not decoded before its length is known: it may be most of the body.
    if (to - from > 4 * ModelName.MAX_LENGTH) {
      throw MalformedBody.form("model is too long");
    }
    String name;
    try {
      name =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(bytes, from, to - from))
              .toString();
    } catch (CharacterCodingException e) {
      throw MalformedBody.form("model is not UTF-8");
    }
    String problem = ModelName.problem(name);
    if (problem != null) {
      throw MalformedBody.form(problem);
    }
    return name;
  }

  /** The spellings that model servers take for a boolean form field. */
  private boolean booleanOf(int from, int to) {
    if (to - from <= 5) {
      String text = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
      switch (text.toLowerCase(Locale.ROOT)) {
        case "true", "t", "yes", "y", "on", "1" -> {
          return true;
        }
        case "false", "f", "no", "n", "off", "0" -> {
          return false;
        }
        default -> {}
      }
    }
    throw MalformedBody.form("stream must be true or false");
  }

  /** Reads a part's headers up to the empty line and returns its content-disposition. */
  private String readHeaders() {
    int limit = at + MAX_PART_HEADER_BYTES;
    String disposition = null;
    while (true) {
      int from = at;
      int to = lineEnd(limit);
      at = to + 2;
      if (to == from) {
        break;
      }
      String line = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
      int colon = line.indexOf(':');
      if (colon <= 0 || line.charAt(0) == ' ' || line.charAt(0) == '\t') {
        throw MalformedBody.form("malformed multipart header");
      }
      if (line.substring(0, colon).equalsIgnoreCase("content-disposition")) {
        if (disposition != null) {
          throw MalformedBody.form("duplicate header in a part of the form");
        }
        disposition = line.substring(colon + 1);
      }
    }
    if (disposition == null) {
      throw MalformedBody.form("a part of the form has no content-disposition");
    }
    return disposition;
  }

  private int lineEnd(int limit) {
    for (int i = at; i < limit; i++) {
      byte c = byteAt(i);
      if (c == '\r' && byteAt(i + 1) == '\n') {
        return i;
      }
      if ((c >= 0 && c < ' ' && c != '\t') || c == 0x7f) {
        throw MalformedBody.form("malformed multipart header");
      }
    }
    throw MalformedBody.form("a part of the form has too long headers");
  }

  /**
   * Steps behind the next delimiter. A delimiter has its only CR in front, so that no byte is
   * compared twice and the search is linear whatever the body is.
   */
  private void skipToDelimiter() {
    if (startsWith(at, 2, delimiter.length)) {
      throw MalformedBody.form("a part of the form has no empty line before its boundary");
    }
    int i = at;
    while (true) {
      i = indexOfCarriageReturn(i);
      if (i > end - delimiter.length) {
        throw ended();
      }
      if (startsWith(i, 0, delimiter.length)) {
        at = i + delimiter.length;
        return;
      }
      i++;
    }
  }

  private int indexOfCarriageReturn(int from) {
    int i = from;
    for (; i <= end - Long.BYTES; i += Long.BYTES) {
      long word = (long) LONGS.get(bytes, i) ^ ('\r' * ONES);
      // The lowest bit that is set marks the first zero byte; a borrow only spoils higher ones.
      long zeros = (word - ONES) & ~word & HIGH_BITS;
      if (zeros != 0) {
        return i + (Long.numberOfTrailingZeros(zeros) >>> 3);
      }
    }
    while (i < end && bytes[i] != '\r') {
      i++;
    }
    return i;
  }

  private void expect(int from, int to, String otherwise) {
    int length = Math.min(to - from, end - at);
    if (!Arrays.equals(bytes, at, at + length, delimiter, from, from + length)) {
      throw MalformedBody.form(otherwise);
    }
    if (length < to - from) {
      throw ended();
    }
    at += length;
  }

  private boolean startsWith(int position, int from, int to) {
    return end - position >= to - from
        && Arrays.equals(bytes, position, position + to - from, delimiter, from, to);
  }

  private byte byteAt(int i) {
    if (i >= end) {
      throw ended();
    }
    return bytes[i];
  }

  private MalformedBody ended() {
    return cut
        ? MalformedBody.incomplete()
        : MalformedBody.form(
            "the form ends at byte " + (end - start) + " without its final boundary");
  }
}
