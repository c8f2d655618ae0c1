package io.pointsman.plugin.prompt;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A slow JSON parser that follows RFC 8259 line by line: what the fast readers are held against.
 */
final class PlainJson {
  private static final Pattern NUMBER =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
  private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{4}");

  /** A value: what it is, and the text it was written as. */
  record Node(Value value, String raw) {
    boolean isNull() {
      return value instanceof Null;
    }

    Optional<String> string() {
      return value instanceof Str text ? Optional.of(text.text) : Optional.empty();
    }
  }

  sealed interface Value permits Obj, Arr, Str, Num, Bool, Null {}

  record Obj(List<Member> members) implements Value {
    List<Node> named(String key) {
      return members.stream().filter(m -> m.key.equals(key)).map(Member::node).toList();
    }
  }

  record Member(String key, Node node) {}

  record Arr(List<Node> elements) implements Value {}

  record Str(String text) implements Value {}

  record Num(String text) implements Value {}

  record Bool(boolean value) implements Value {}

  record Null() implements Value {}

  /** Thrown for whatever is not JSON. */
  static final class NotJson extends Exception {
    private static final long serialVersionUID = 1;

    NotJson(String message) {
      super(message);
    }
  }

  private final String text;
  private int at;

  private PlainJson(String text) {
    this.text = text;
  }

  static Node parse(byte[] bytes) throws NotJson {
    try {
      return parse(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw new NotJson("not UTF-8");
    }
  }

  static Node parse(String text) throws NotJson {
    PlainJson json = new PlainJson(text);
    Node node = json.value(0);
    json.space();
    if (json.at < text.length()) {
      throw new NotJson("trailing text");
    }
    return node;
  }

  private Node value(int depth) throws NotJson {
    space();
    int from = at;
    if (depth == JsonCursor.MAX_DEPTH && (text.startsWith("{", at) || text.startsWith("[", at))) {
      throw new NotJson("too deep");
    }
    Value value;
    if (text.startsWith("{", at)) {
      value = object(depth);
    } else if (text.startsWith("[", at)) {
      value = array(depth);
    } else if (text.startsWith("\"", at)) {
      value = new Str(string());
    } else if (take("true")) {
      value = new Bool(true);
    } else if (take("false")) {
      value = new Bool(false);
    } else if (take("null")) {
      value = new Null();
    } else {
      Matcher number = NUMBER.matcher(text).region(at, text.length());
      if (!number.lookingAt()) {
        throw new NotJson("no value");
      }
      at = number.end();
      value = new Num(number.group());
    }
    return new Node(value, text.substring(from, at));
  }

  private Obj object(int depth) throws NotJson {
    List<Member> members = new ArrayList<>();
    require("{");
    space();
    if (take("}")) {
      return new Obj(members);
    }
    do {
      space();
      String key = string();
      space();
      require(":");
      members.add(new Member(key, value(depth + 1)));
      space();
    } while (take(","));
    require("}");
    return new Obj(members);
  }

  private Arr array(int depth) throws NotJson {
    List<Node> elements = new ArrayList<>();
    require("[");
    space();
    if (take("]")) {
      return new Arr(elements);
    }
    do {
      elements.add(value(depth + 1));
      space();
    } while (take(","));
    require("]");
    return new Arr(elements);
  }

  private String string() throws NotJson {
    require("\"");
    StringBuilder result = new StringBuilder();
    while (!take("\"")) {
      char c = next();
      if (c < ' ') {
        throw new NotJson("control character");
      }
      result.append(c == '\\' ? escape() : c);
    }
    return result.toString();
  }

  private char escape() throws NotJson {
    char c = next();
    switch (c) {
      case '"', '\\', '/' -> {
        return c;
      }
      case 'b' -> {
        return '\b';
      }
      case 'f' -> {
        return '\f';
      }
      case 'n' -> {
        return '\n';
      }
      case 'r' -> {
        return '\r';
      }
      case 't' -> {
        return '\t';
      }
      case 'u' -> {
        Matcher hex = HEX.matcher(text).region(at, text.length());
        if (!hex.lookingAt()) {
          throw new NotJson("bad escape");
        }
        at = hex.end();
        return (char) Integer.parseInt(hex.group(), 16);
      }
      default -> throw new NotJson("bad escape");
    }
  }

  private char next() throws NotJson {
    if (at == text.length()) {
      throw new NotJson("end");
    }
    return text.charAt(at++);
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private boolean take(String wanted) {
    if (!text.startsWith(wanted, at)) {
      return false;
    }
    at += wanted.length();
    return true;
  }

  private void require(String wanted) throws NotJson {
    if (!take(wanted)) {
      throw new NotJson("expected " + wanted);
    }
  }
}
