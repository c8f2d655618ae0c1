package io.pointsman.chart;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The objects that a rendering made, each under {@code Kind/name}. */
record Rendered(Map<String, Map<String, Object>> objects) {

  static Rendered of(String manifests) {
    var objects = new LinkedHashMap<String, Map<String, Object>>();
    for (Map<String, Object> object : Yaml.documents(manifests)) {
      String name = object.get("kind") + "/" + Yaml.map(object.get("metadata")).get("name");
      if (objects.put(name, object) != null) {
        // In two namespaces, such as the Roles for model pods: told apart by it.
        throw new AssertionError("two objects are called " + name);
      }
    }
    return new Rendered(objects);
  }

  Set<String> names() {
    return objects.keySet();
  }

  Map<String, Object> object(String name) {
    Map<String, Object> object = objects.get(name);
    if (object == null) {
      throw new AssertionError("no " + name + " among " + objects.keySet());
    }
    return object;
  }

  /**
   * What is at a path with dots in an object: {@code spec.template.spec.containers[redis].image}.
   * An item of a list is named by its name, or else by its index.
   */
  Object at(String object, String path) {
    Object value = all(object).get(path);
    if (value == null) {
      throw new AssertionError("no " + path + " in " + object + ":\n" + all(object));
    }
    return value;
  }

  /** Every scalar of an object, by its path. */
  SortedMap<String, Object> all(String object) {
    var all = new TreeMap<String, Object>();
    flatten("", object(object), all);
    return all;
  }

  /** Every scalar of every object, by the object's name and the path in it. */
  SortedMap<String, Object> all() {
    var all = new TreeMap<String, Object>();
    objects.forEach((name, object) -> flatten(name + " ", object, all));
    return all;
  }

  private static void flatten(String path, Object value, SortedMap<String, Object> into) {
    if (value instanceof Map && !Yaml.map(value).isEmpty()) {
      Yaml.map(value).forEach((key, inner) -> flatten(join(path, key), inner, into));
    } else if (value instanceof List && !Yaml.list(value).isEmpty()) {
      List<Object> items = Yaml.list(value);
      boolean named =
          items.stream().map(item -> nameOf(item, item)).distinct().count() == items.size();
      for (int i = 0; i < items.size(); i++) {
        Object name = named ? nameOf(items.get(i), i) : i;
        flatten(path + "[" + name + "]", items.get(i), into);
      }
    } else if (path.endsWith("data.settings.yaml")) {
      flatten(path, Yaml.document((String) value), into);
    } else {
      into.put(path, value == null ? "null" : value);
    }
  }

  private static Object nameOf(Object item, Object other) {
    return item instanceof Map && Yaml.map(item).get("name") instanceof String name ? name : other;
  }

  private static String join(String path, String key) {
    return path.isEmpty() || path.endsWith(" ") ? path + key : path + "." + key;
  }
}
