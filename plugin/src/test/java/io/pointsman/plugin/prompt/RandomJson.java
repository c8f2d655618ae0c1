package io.pointsman.plugin.prompt;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Writes random JSON in random spelling, and spoils it. Same seed, same texts. */
final class RandomJson {
  private static final String[] CHARACTERS = {
    "a",
    "b",
    "Z",
    "0",
    " ",
    "~",
    "\u007f",
    "\u00e9",
    "\u044f",
    "\u4f60",
    "\ud83d\ude00",
    "\u2028",
    "\u4f60\u597d\u4e16\u754c",
    "\u0e01",
    "\ud55c\ud55c"
  };
  private static final String[] ESCAPES = {
    "\\\"",
    "\\\\",
    "\\/",
    "\\b",
    "\\f",
    "\\n",
    "\\r",
    "\\t",
    "\\u0041",
    "\\u00e9",
    "\\u4F60",
    "\\ud83d\\ude00"
  };
  private static final String[] NUMBERS = {
    "0", "-0", "7", "12", "-3", "1.5", "-0.25e+10", "1E5", "2e-3", "123456789012345678901234567890"
  };
  private static final byte[] TELLING =
      "{}[]\",:\\u0eE+-.tfn \n\u0001\u00c2\u0080\u00ff\u00ed\u00a0\u00f4\u0090"
          .getBytes(StandardCharsets.ISO_8859_1);

  final Random random;

  RandomJson(long seed) {
    this.random = new Random(seed);
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  String oneOf(String... choices) {
    return choices[random.nextInt(choices.length)];
  }

  String space() {
    return chance(0.8) ? "" : oneOf(" ", "\n", "\r\n\t", "     ");
  }

  /** A string with its quotes, seldom with half a surrogate pair in it. */
  String string() {
    StringBuilder text = new StringBuilder("\"");
    int pieces = chance(0.1) ? random.nextInt(60) : random.nextInt(12);
    for (int i = 0; i < pieces; i++) {
      if (chance(0.15)) {
        text.append(oneOf(ESCAPES));
      } else if (chance(0.2)) {
        text.append("plain text of some length ".repeat(random.nextInt(4)));
      } else {
        text.append(oneOf(CHARACTERS));
      }
    }
    if (chance(0.01)) {
      text.append(oneOf("\\ud800", "\\udc00", "\\ud83dx"));
    }
    return text.append('"').toString();
  }

  /** A known text as a string, now and then with some characters escaped. */
  String spelled(String text) {
    StringBuilder result = new StringBuilder("\"");
    boolean escape = chance(0.1);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      result.append(escape && chance(0.3) ? String.format("\\u%04x", (int) c) : String.valueOf(c));
    }
    return result.append('"').toString();
  }

  String number() {
    return oneOf(NUMBERS);
  }

  String value(int depth) {
    int kinds = depth > 0 ? 7 : 5;
    return switch (random.nextInt(kinds)) {
      case 0 -> "null";
      case 1 -> oneOf("true", "false");
      case 2 -> number();
      case 3, 4 -> string();
      case 5 -> array(values(depth - 1));
      default -> {
        List<String> members = new ArrayList<>();
        for (String value : values(depth - 1)) {
          members.add(member(oneOf("a", "text", "type", "url", "model", "content"), value));
        }
        yield object(members);
      }
    };
  }

  private List<String> values(int depth) {
    List<String> values = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      values.add(value(depth));
    }
    return values;
  }

  String member(String key, String value) {
    return space() + spelled(key) + space() + ":" + space() + value + space();
  }

  /** An object of members as {@link #member} writes them, in random order. */
  String object(List<String> members) {
    List<String> shuffled = new ArrayList<>(members);
    Collections.shuffle(shuffled, random);
    return "{" + (shuffled.isEmpty() ? space() : String.join(",", shuffled)) + "}";
  }

  String array(List<String> elements) {
    List<String> spaced = elements.stream().map(e -> space() + e + space()).toList();
    return "[" + (spaced.isEmpty() ? space() : String.join(",", spaced)) + "]";
  }

  /** Changes, drops, adds, repeats or cuts off some bytes. */
  byte[] spoil(byte[] bytes) {
    byte[] result = bytes;
    for (int changes = 1 + random.nextInt(2); changes > 0 && result.length > 1; changes--) {
      result = spoilOnce(result);
    }
    return result;
  }

  private byte[] spoilOnce(byte[] bytes) {
    int at = random.nextInt(bytes.length);
    int to = Math.min(bytes.length, at + 1 + random.nextInt(4));
    byte[] head = Arrays.copyOf(bytes, at);
    byte[] telling = {TELLING[random.nextInt(TELLING.length)]};
    return switch (random.nextInt(5)) {
      case 0 -> join(head, telling, Arrays.copyOfRange(bytes, at + 1, bytes.length));
      case 1 -> join(head, Arrays.copyOfRange(bytes, to, bytes.length));
      case 2 -> join(head, telling, Arrays.copyOfRange(bytes, at, bytes.length));
      case 3 -> join(Arrays.copyOf(bytes, to), Arrays.copyOfRange(bytes, at, bytes.length));
      default -> chance(0.3) ? head : join(head, new byte[] {(byte) random.nextInt(256)});
    };
  }

  static byte[] join(byte[]... pieces) {
    int length = Arrays.stream(pieces).mapToInt(piece -> piece.length).sum();
    byte[] joined = new byte[length];
    int at = 0;
    for (byte[] piece : pieces) {
      System.arraycopy(piece, 0, joined, at, piece.length);
      at += piece.length;
    }
    return joined;
  }
}
