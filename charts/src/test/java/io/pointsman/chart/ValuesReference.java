package io.pointsman.chart;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The documented keys of {@code values.yaml}, read from its lines: a comment above a key is the
 * key's description, unless keys below it have descriptions of their own.
 */
final class ValuesReference {
  private static final Pattern KEY = Pattern.compile("( *)([A-Za-z0-9]+):.*");

  private ValuesReference() {}

  /**
   * A documented key.
   *
   * @param path with dots
   * @param defaultValue as values.yaml has it
   */
  record Key(String path, Object defaultValue, String description) {}

  static List<Key> read(String values) {
    Map<String, String> described = described(values.lines().toList());
    Map<String, Object> defaults = Yaml.document(values);
    var keys = new ArrayList<Key>();
    described.forEach(
        (path, description) -> {
          String below = path + ".";
          if (described.keySet().stream().noneMatch(other -> other.startsWith(below))) {
            keys.add(new Key(path, valueAt(defaults, path), description));
          }
        });
    return keys;
  }

  private static Map<String, String> described(List<String> lines) {
    var described = new LinkedHashMap<String, String>();
    var path = new ArrayList<String>();
    var comment = new ArrayList<String>();
    for (String line : lines) {
      Matcher key = KEY.matcher(line);
      if (line.strip().startsWith("#")) {
        comment.add(line.strip().substring(1).strip());
      } else {
        if (key.matches()) {
          int depth = key.group(1).length() / 2;
          path.subList(Math.min(depth, path.size()), path.size()).clear();
          path.add(key.group(2));
          if (!comment.isEmpty()) {
            described.put(String.join(".", path), String.join(" ", comment));
          }
        }
        comment.clear();
      }
    }
    return described;
  }

  static Object valueAt(Map<String, Object> values, String path) {
    Object value = values;
    for (String key : path.split("\\.", -1)) {
      value = Objects.requireNonNull(Yaml.map(value).get(key), path);
    }
    return value;
  }

  /** The README's table, one row for each documented key. */
  static String table(String values) {
    var table = new StringBuilder("| Key | Default | Meaning |\n|---|---|---|\n");
    for (Key key : read(values)) {
      // A name in angle brackets would be taken for HTML.
      String description = key.description().replace("<", "&lt;");
      table.append("| `%s` | %s | %s |\n".formatted(key.path(), cell(key), description));
    }
    return table.toString();
  }

  private static String cell(Key key) {
    Object value = key.defaultValue();
    boolean filled = value instanceof Map<?, ?> map && !map.isEmpty();
    boolean longList = value instanceof List<?> list && list.size() > 3;
    if (filled || longList) {
      return "see values.yaml";
    }
    return "`" + Json.write(value) + "`";
  }
}
