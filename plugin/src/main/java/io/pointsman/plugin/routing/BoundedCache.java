package io.pointsman.plugin.routing;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What texts of clients mean, so that each is parsed once. When there are too many, all are
 * forgotten. Thread-safe.
 */
final class BoundedCache<T> {
  private static final int MAX_ENTRIES = 256;

  /** Says what a text means. */
  interface Parser<T> {
    /** Null if the text means nothing. */
    @Nullable T parse(String text);
  }

  private final Parser<T> parser;
  private final ConcurrentHashMap<String, Optional<T>> known = new ConcurrentHashMap<>();

  BoundedCache(Parser<T> parser) {
    this.parser = parser;
  }

  @Nullable T get(String text) {
    Optional<T> value = known.get(text);
    if (value == null) {
      value = Optional.ofNullable(parser.parse(text));
      if (known.size() >= MAX_ENTRIES) {
        known.clear();
      }
      known.put(text, value);
    }
    return value.orElse(null);
  }

  /** Texts it remembers, never more than 256 and as many as there are threads. */
  int size() {
    return known.size();
  }
}
