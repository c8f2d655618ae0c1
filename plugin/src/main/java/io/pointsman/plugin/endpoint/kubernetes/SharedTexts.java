package io.pointsman.plugin.endpoint.kubernetes;

import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * One object for equal texts: thousands of pods carry the same annotation. Forgets everything from
 * time to time, so that it holds no more than what passed by lately. Thread-safe.
 */
final class SharedTexts implements UnaryOperator<String> {
  private static final int MAX_TEXTS = 1_000;

  private final Map<String, String> texts = new HashMap<>();

  @Override
  public synchronized String apply(String text) {
    String known = texts.get(text);
    if (known != null) {
      return known;
    }
    if (texts.size() >= MAX_TEXTS) {
      texts.clear();
    }
    texts.put(text, text);
    return text;
  }
}
