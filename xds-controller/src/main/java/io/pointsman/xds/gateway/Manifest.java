package io.pointsman.xds.gateway;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads and compares parts of manifests: maps, lists, texts, numbers and booleans. */
final class Manifest {
  private Manifest() {}

  /** What stands at a path of keys, or null. */
  static @Nullable Object at(@Nullable Object tree, String... path) {
    Object node = tree;
    for (String key : path) {
      node = node instanceof Map<?, ?> map ? map.get(key) : null;
    }
    return node;
  }

  static String text(@Nullable Object tree, String... path) {
    Object node = at(tree, path);
    return node == null ? "" : String.valueOf(node);
  }

  static long number(@Nullable Object tree, String... path) {
    return at(tree, path) instanceof Number number ? number.longValue() : 0;
  }

  /** The elements of a list, or none. */
  static List<?> list(@Nullable Object tree, String... path) {
    return at(tree, path) instanceof List<?> list ? list : List.of();
  }

  /**
   * Whether something that is there is what it should be. What the API server has filled in, and
   * what others have added, does no harm; a list of mappings must have the same length, and one of
   * plain values, which others may add to, all the values.
   */
  static boolean covers(@Nullable Object live, @Nullable Object desired) {
    if (desired instanceof Map<?, ?> wanted) {
      return live instanceof Map<?, ?> has
          && wanted.entrySet().stream()
              .allMatch(entry -> covers(has.get(entry.getKey()), entry.getValue()));
    }
    if (desired instanceof List<?> wanted) {
      return live instanceof List<?> has && coversAll(has, wanted);
    }
    if (desired instanceof Number wanted && live instanceof Number has) {
      return wanted.longValue() == has.longValue();
    }
    return desired != null && live != null && desired.toString().equals(live.toString());
  }

  private static boolean coversAll(List<?> live, List<?> desired) {
    if (desired.stream().noneMatch(element -> element instanceof Map)) {
      return live.stream()
          .map(String::valueOf)
          .toList()
          .containsAll(desired.stream().map(String::valueOf).toList());
    }
    if (live.size() != desired.size()) {
      return false;
    }
    for (int i = 0; i < live.size(); i++) {
      if (!covers(live.get(i), desired.get(i))) {
        return false;
      }
    }
    return true;
  }
}
