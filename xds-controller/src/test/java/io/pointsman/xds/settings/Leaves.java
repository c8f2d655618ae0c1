package io.pointsman.xds.settings;

import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.Map;

/** The settings model as a flat list: a record's components have the names of the file's keys. */
final class Leaves {
  private Leaves() {}

  /** Every value by its path, as {@code listener.port}. */
  static Map<String, Object> of(Settings settings) {
    var leaves = new LinkedHashMap<String, Object>();
    collect("", settings, leaves);
    return leaves;
  }

  private static void collect(String path, Object value, Map<String, Object> leaves) {
    if (!(value instanceof Record)) {
      leaves.put(path, value);
      return;
    }
    for (RecordComponent component : value.getClass().getRecordComponents()) {
      String name = path.isEmpty() ? component.getName() : path + "." + component.getName();
      try {
        collect(name, component.getAccessor().invoke(value), leaves);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(name, e);
      }
    }
  }
}
