package io.pointsman.plugin.prompt;

import org.jspecify.annotations.Nullable;

/**
 * Walks once over the JSON text (RFC 8259) in a byte array and refuses whatever is not JSON.
 * Nothing is copied and nothing recurses: a caller walks the objects and arrays that it knows with
 * {@link #enterObject}, {@link #nextMember}, {@link #enterArray} and {@link #nextElement}, and
 * passes over all others with {@link #skipValue}, which keeps one bit for each level of nesting.
 * Not thread-safe.
 */
final class JsonCursor extends JsonScalars {
  /** Nesting deeper than this is refused; model servers refuse far earlier. */
  static final int MAX_DEPTH = 512;

  private final long[] objectLevels = new long[MAX_DEPTH / 64];
  private int depth;
  private int keyStart;
  private int keyEnd;
  private boolean keyEscaped;

  /**
   * @param cut true if more may have followed behind the last byte: reaching the end is then
   *     reported as {@link Malformed.Kind#INCOMPLETE}
   */
  JsonCursor(byte[] bytes, int offset, int length, boolean cut) {
    super(bytes, offset, length, cut);
  }

  /** What the last member's key means, escapes resolved, or null if it means nothing here. */
  @Nullable Key key() {
    return Key.of(bytes(), keyStart, keyEnd, keyEscaped);
  }

  /** True if the last member's key is this ASCII text, escapes resolved. */
  boolean keyEquals(String text) {
    return spells(text, keyStart, keyEnd, keyEscaped);
  }

  /** First byte between the quotes of the last member's key. */
  int keyStart() {
    return keyStart;
  }

  /** One past the last byte between the quotes of the last member's key. */
  int keyEnd() {
    return keyEnd;
  }

  /** True if the last member's key has a backslash in it. */
  boolean keyEscaped() {
    return keyEscaped;
  }

  /** Reads an object's brace and its first key; false if the object is empty and closed. */
  boolean enterObject() {
    if (peek() != '{') {
      throw invalid("expected an object");
    }
    advance();
    deepen(true);
    return firstKey();
  }

  /** Reads the next key; false if the object ended instead. The value before must be read. */
  boolean nextMember() {
    byte c = peek();
    if (c == '}') {
      advance();
      depth--;
      return false;
    }
    if (c != ',') {
      throw invalid("expected a comma or a closing brace");
    }
    advance();
    readKey();
    return true;
  }

  /** Reads an array's bracket; false if the array is empty and closed. */
  boolean enterArray() {
    if (peek() != '[') {
      throw invalid("expected an array");
    }
    advance();
    deepen(false);
    return firstElement();
  }

  /** Reads the comma before the next element; false if the array ended instead. */
  boolean nextElement() {
    byte c = peek();
    if (c == ']') {
      advance();
      depth--;
      return false;
    }
    if (c != ',') {
      throw invalid("expected a comma or a closing bracket");
    }
    advance();
    return true;
  }

  /** Passes over one value of any kind. */
  void skipValue() {
    int floor = depth;
    while (true) {
      if (openOrSkip()) {
        continue;
      }
      while (depth > floor && !(inObject() ? nextMember() : nextElement())) {
        // The level above goes on behind what has just closed.
      }
      if (depth == floor) {
        return;
      }
    }
  }

  /** True if a container with something in it was entered; false if a value was passed over. */
  private boolean openOrSkip() {
    switch (peek()) {
      case '{' -> {
        return enterObject();
      }
      case '[' -> {
        return enterArray();
      }
      case '"' -> skipString();
      case 't', 'f' -> readBoolean();
      case 'n' -> skipNull();
      default -> skipNumber();
    }
    return false;
  }

  private boolean firstKey() {
    if (peek() == '}') {
      advance();
      depth--;
      return false;
    }
    readKey();
    return true;
  }

  private boolean firstElement() {
    if (peek() == ']') {
      advance();
      depth--;
      return false;
    }
    return true;
  }

  private void readKey() {
    if (peek() != '"') {
      throw invalid("expected a key");
    }
    skipString();
    keyStart = textStart();
    keyEnd = textEnd();
    keyEscaped = textEscaped();
    if (peek() != ':') {
      throw invalid("expected a colon");
    }
    advance();
  }

  private void deepen(boolean object) {
    if (depth == MAX_DEPTH) {
      throw MalformedBody.body("JSON nested more than " + MAX_DEPTH + " deep");
    }
    long bit = 1L << depth;
    if (object) {
      objectLevels[depth >> 6] |= bit;
    } else {
      objectLevels[depth >> 6] &= ~bit;
    }
    depth++;
  }

  private boolean inObject() {
    int level = depth - 1;
    return (objectLevels[level >> 6] & (1L << level)) != 0;
  }
}
