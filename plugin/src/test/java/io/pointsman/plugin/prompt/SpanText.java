package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;

/** Spans in a form that a test can read: {@code |} opens a group, {@code \} marks escapes. */
final class SpanText {
  private SpanText() {}

  static List<String> of(PromptSpans spans) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      int length = spans.end(i) - spans.start(i);
      texts.add(
          (spans.opens(i) ? "|" : "")
              + (spans.escaped(i) ? "\\" : "")
              + spans.part(i)
              + " "
              + new String(spans.body(), spans.start(i), length, UTF_8));
    }
    return texts;
  }
}
