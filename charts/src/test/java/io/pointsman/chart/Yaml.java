package io.pointsman.chart;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** YAML as maps, lists and scalars. */
final class Yaml {
  private static final LoadSettings STRICT =
      LoadSettings.builder().setAllowDuplicateKeys(false).build();

  private Yaml() {}

  /** The documents of a text that are maps; empty ones are left out. */
  static List<Map<String, Object>> documents(String text) {
    var documents = new ArrayList<Map<String, Object>>();
    for (Object document : new Load(STRICT).loadAllFromString(text)) {
      if (document != null) {
        documents.add(map(document));
      }
    }
    return documents;
  }

  /** The only document of a text. */
  static Map<String, Object> document(String text) {
    Object document = new Load(STRICT).loadFromString(text);
    return document == null ? Map.of() : map(document);
  }

  /** Any value, as YAML. */
  static Object value(String text) {
    return new Load(STRICT).loadFromString(text);
  }

  static String write(Object value) {
    return new Dump(DumpSettings.builder().build()).dumpToString(value);
  }

  /** A line for each value, and what is the same twice written twice. */
  static String writeInLines(Object value) {
    var settings =
        DumpSettings.builder()
            .setDefaultFlowStyle(FlowStyle.BLOCK)
            .setDereferenceAliases(true)
            .setWidth(140)
            .build();
    return new Dump(settings).dumpToString(value);
  }

  /** A map of nothing but a value at a path with dots. */
  static Map<String, Object> at(String path, @Nullable Object value) {
    String[] keys = path.split("\\.", -1);
    var root = new LinkedHashMap<String, Object>();
    Map<String, Object> inner = root;
    for (int i = 0; i < keys.length - 1; i++) {
      var next = new LinkedHashMap<String, Object>();
      inner.put(keys[i], next);
      inner = next;
    }
    inner.put(keys[keys.length - 1], value);
    return root;
  }

  /** One map over another, as Helm lays values files over each other: null takes a key away. */
  static Map<String, Object> merge(Map<String, Object> under, Map<String, Object> over) {
    var merged = new LinkedHashMap<String, Object>(under);
    over.forEach(
        (key, value) -> {
          Object below = merged.get(key);
          if (value == null) {
            merged.remove(key);
          } else {
            merged.put(
                key,
                below instanceof Map && value instanceof Map
                    ? merge(map(below), map(value))
                    : value);
          }
        });
    return merged;
  }

  /** A value that must be a map. */
  @SuppressWarnings("unchecked")
  static Map<String, Object> map(@Nullable Object value) {
    if (value instanceof Map) {
      return (Map<String, Object>) value;
    }
    throw new AssertionError("expected a map, found " + value);
  }

  /** A value that must be a list. */
  @SuppressWarnings("unchecked")
  static List<Object> list(@Nullable Object value) {
    if (value instanceof List) {
      return (List<Object>) value;
    }
    throw new AssertionError("expected a list, found " + value);
  }
}
