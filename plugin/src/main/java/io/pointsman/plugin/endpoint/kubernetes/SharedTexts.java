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

  /** Annotations may be long: a thousand of the longest would take 256 MB. */
  private static final int MAX_CHARACTERS = 4 << 20;

  private final Map<String, String> texts = new HashMap<>();
  private int characters;

  @Override
  public synchronized String apply(String text) {
    String known = texts.get(text);
    if (known != null) {
      return known;
    }
    if (texts.size() >= MAX_TEXTS || characters >= MAX_CHARACTERS) {
      texts.clear();
      characters = 0;
    }
    texts.put(text, text);
    characters += text.length();
    return text;
  }
}
