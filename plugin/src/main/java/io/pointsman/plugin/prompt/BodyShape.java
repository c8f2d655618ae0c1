package io.pointsman.plugin.prompt;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which members of an API's request body hold its prompt, in what form, and which must be there.
 */
final class BodyShape {
  /** How the value of a member is read. */
  enum Form {
    /** An array of messages with a role and a content, not empty. */
    MESSAGES,
    /** A string, or an array of messages and other items. */
    ITEMS,
    /** A string or an array of content parts. */
    SYSTEM,
    /** An array, taken as it stands. */
    TOOLS,
    /** A string, an array of strings, token ids, or arrays of token ids. */
    PROMPTS,
    /** Like PROMPTS, but not empty, and content parts stand in the place of strings too. */
    INPUTS
  }

  private static final BodyShape CHAT =
      new BodyShape(
          Map.of(Key.MESSAGES, Form.MESSAGES, Key.TOOLS, Form.TOOLS, Key.FUNCTIONS, Form.TOOLS),
          List.of(List.of(Key.MESSAGES)));
  private static final BodyShape ANTHROPIC =
      new BodyShape(
          Map.of(Key.SYSTEM, Form.SYSTEM, Key.MESSAGES, Form.MESSAGES, Key.TOOLS, Form.TOOLS),
          List.of(List.of(Key.MESSAGES)));
  private static final BodyShape RESPONSES =
      new BodyShape(
          Map.of(Key.INSTRUCTIONS, Form.SYSTEM, Key.INPUT, Form.ITEMS, Key.TOOLS, Form.TOOLS),
          List.of(List.of(Key.INPUT)));
  private static final BodyShape COMPLETIONS =
      new BodyShape(Map.of(Key.PROMPT, Form.PROMPTS), List.of(List.of(Key.PROMPT)));

  /** Pooling models take a conversation in the place of the input. */
  private static final BodyShape POOLING =
      new BodyShape(
          Map.of(Key.INPUT, Form.INPUTS, Key.MESSAGES, Form.MESSAGES),
          List.of(List.of(Key.INPUT, Key.MESSAGES)));

  private static final BodyShape RERANK =
      new BodyShape(
          Map.of(Key.QUERY, Form.INPUTS, Key.DOCUMENTS, Form.INPUTS),
          List.of(List.of(Key.QUERY), List.of(Key.DOCUMENTS)));
  private static final BodyShape SCORE =
      new BodyShape(Map.of(Key.TEXT_1, Form.INPUTS, Key.TEXT_2, Form.INPUTS), List.of());
  private static final BodyShape IMAGES =
      new BodyShape(Map.of(Key.PROMPT, Form.PROMPTS), List.of());
  private static final BodyShape NO_PROMPT = new BodyShape(Map.of(), List.of());

  private final Map<Key, Form> forms = new EnumMap<>(Key.class);

  /** Of each of these lists one member must be there; the first gives the error its name. */
  private final List<List<Key>> required;

  private BodyShape(Map<Key, Form> forms, List<List<Key>> required) {
    this.forms.putAll(forms);
    this.required = required;
  }

  static BodyShape of(Api api) {
    return switch (api) {
      case CHAT_COMPLETIONS -> CHAT;
      case MESSAGES -> ANTHROPIC;
      case RESPONSES -> RESPONSES;
      case COMPLETIONS -> COMPLETIONS;
      case EMBEDDINGS, CLASSIFY -> POOLING;
      case RERANK -> RERANK;
      case SCORE -> SCORE;
      case IMAGES_GENERATIONS -> IMAGES;
      case AUDIO_TRANSCRIPTIONS, AUDIO_TRANSLATIONS -> NO_PROMPT;
    };
  }

  /** The form of a member's value, or null if the API's prompt has no such member. */
  @Nullable Form formOf(Key key) {
    return forms.get(key);
  }

  /** A member that must be there and neither it nor its like is, or null. */
  @Nullable Key missing(Set<Key> present) {
    for (int i = 0; i < required.size(); i++) {
      if (Collections.disjoint(required.get(i), present)) {
        return required.get(i).get(0);
      }
    }
    return null;
  }
}
