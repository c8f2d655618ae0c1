package io.pointsman.common;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells JSON from what a YAML reader would take besides. */
public final class JsonSyntax {
  private static final Pattern LINE = Pattern.compile("at line (\\d+)");

  private JsonSyntax() {}

  /**
   * Makes sure that a text is one JSON value by RFC 8259.
   *
   * @param source file name for error messages
   * @throws ConfigException if it is not, with the line
   */
  public static void check(String source, String text) throws ConfigException {
    var reader = new JsonReader(new StringReader(text));
    reader.setStrictness(Strictness.STRICT);
    try {
      pass(reader);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw new IllegalStateException("more after the end");
      }
    } catch (IOException | IllegalStateException e) {
      Matcher line = LINE.matcher(String.valueOf(e.getMessage()));
      throw new ConfigException(
          source,
          line.find() ? Integer.parseInt(line.group(1)) : 1,
          path(reader),
          "not valid JSON");
    }
  }

  /** Steps over a value; the reader knows its path then, which it does not where it skips. */
  private static void pass(JsonReader reader) throws IOException {
    switch (reader.peek()) {
      case BEGIN_OBJECT -> {
        reader.beginObject();
        while (reader.hasNext()) {
          var unused = reader.nextName();
          pass(reader);
        }
        reader.endObject();
      }
      case BEGIN_ARRAY -> {
        reader.beginArray();
        while (reader.hasNext()) {
          pass(reader);
        }
        reader.endArray();
      }
      case BOOLEAN -> {
        var unused = reader.nextBoolean();
      }
      case NULL -> reader.nextNull();
      default -> {
        var unused = reader.nextString();
      }
    }
  }

  private static String path(JsonReader reader) {
    String path = reader.getPath();
    return path.startsWith("$.") ? path.substring(2) : "";
  }
}
