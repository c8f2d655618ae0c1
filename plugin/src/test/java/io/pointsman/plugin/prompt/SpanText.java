package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.pointsman.plugin.prompt.PlainJson.NotJson;
import io.pointsman.plugin.prompt.PromptSpans.Part;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Spans in a form that a test can read: {@code |} opens a group, then the part, then the text. */
final class SpanText {
  private static final Set<Part> RAW = EnumSet.of(Part.TOOLS, Part.JSON, Part.TOKENS);

  private SpanText() {}

  /** Spans as they stand in the body, those with escapes marked by {@code \}. */
  static List<String> of(PromptSpans spans) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      texts.add(head(spans, i) + (spans.escaped(i) ? "\\" : "") + text(spans, i));
    }
    return texts;
  }

  /** Spans with their escapes resolved; one said to have none must read the same. */
  static List<String> resolved(PromptSpans spans) throws NotJson {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      String text = text(spans, i);
      if (!RAW.contains(spans.part(i))) {
        String plain = PlainJson.parse("\"" + text + "\"").string().orElseThrow();
        if (spans.escaped(i) == text.equals(plain)) {
          throw new AssertionError("escaped=" + spans.escaped(i) + ": " + text);
        }
        text = plain;
      }
      texts.add(head(spans, i) + text);
    }
    return texts;
  }

  private static String head(PromptSpans spans, int i) {
    return (spans.opens(i) ? "|" : "") + spans.part(i) + " ";
  }

  private static String text(PromptSpans spans, int i) {
    return new String(spans.body(), spans.start(i), spans.end(i) - spans.start(i), UTF_8);
  }
}
