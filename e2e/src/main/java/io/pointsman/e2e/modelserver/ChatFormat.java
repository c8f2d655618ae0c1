package io.pointsman.e2e.modelserver;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import org.jspecify.annotations.Nullable;

/** {@code /v1/chat/completions} and {@code /v1/completions}, which differ in their choices only. */
enum ChatFormat implements AnswerFormat {
  CHAT("chat.completion", "chat.completion.chunk") {
    @Override
    JsonObject wholeChoice(Answer answer) {
      return Json.object(
          "index",
          0,
          "message",
          Json.object("role", "assistant", "content", answer.text()),
          "logprobs",
          null,
          "finish_reason",
          "length");
    }

    @Override
    JsonObject chunkChoice(@Nullable String text, boolean last) {
      JsonObject delta = text == null ? Json.object() : Json.object("content", text);
      return Json.object(
          "index", 0, "delta", delta, "logprobs", null, "finish_reason", last ? "length" : null);
    }

    @Override
    public String head(Answer answer, int cachedTokens) {
      JsonElement delta = Json.object("role", "assistant", "content", "");
      return event(
          chunk(
              answer,
              Json.array(
                  Json.object(
                      "index", 0, "delta", delta, "logprobs", null, "finish_reason", null))));
    }
  },
  COMPLETION("text_completion", "text_completion") {
    @Override
    JsonObject wholeChoice(Answer answer) {
      return chunkChoice(answer.text(), true);
    }

    @Override
    JsonObject chunkChoice(@Nullable String text, boolean last) {
      return Json.object(
          "index",
          0,
          "text",
          text == null ? "" : text,
          "logprobs",
          null,
          "finish_reason",
          last ? "length" : null);
    }

    @Override
    public String head(Answer answer, int cachedTokens) {
      return "";
    }
  };

  private final String wholeObject;
  private final String chunkObject;

  ChatFormat(String wholeObject, String chunkObject) {
    this.wholeObject = wholeObject;
    this.chunkObject = chunkObject;
  }

  abstract JsonObject wholeChoice(Answer answer);

  abstract JsonObject chunkChoice(@Nullable String text, boolean last);

  @Override
  public String whole(Answer answer, int cachedTokens) {
    JsonObject body = envelope(answer, wholeObject, Json.array(wholeChoice(answer)));
    body.add("usage", usage(answer, cachedTokens));
    return body.toString();
  }

  @Override
  public String token(Answer answer, int index) {
    return event(chunk(answer, Json.array(chunkChoice(answer.tokens().get(index), false))));
  }

  @Override
  public String tail(Answer answer, int cachedTokens, boolean includeUsage) {
    String events = event(chunk(answer, Json.array(chunkChoice(null, true))));
    if (includeUsage) {
      JsonObject chunk = chunk(answer, new JsonArray());
      chunk.add("usage", usage(answer, cachedTokens));
      events += event(chunk);
    }
    return events + "data: [DONE]\n\n";
  }

  JsonObject chunk(Answer answer, JsonArray choices) {
    return envelope(answer, chunkObject, choices);
  }

  static String event(JsonObject data) {
    return "data: " + data + "\n\n";
  }

  static JsonObject usage(Answer answer, int cachedTokens) {
    return Json.object(
        "prompt_tokens",
        answer.promptTokens(),
        "total_tokens",
        answer.promptTokens() + answer.tokens().size(),
        "completion_tokens",
        answer.tokens().size(),
        "prompt_tokens_details",
        Json.object("cached_tokens", cachedTokens));
  }

  private static JsonObject envelope(Answer answer, String object, JsonArray choices) {
    return Json.object(
        "id", answer.id(),
        "object", object,
        "created", answer.created(),
        "model", answer.model(),
        "served_by", answer.servedBy(),
        "choices", choices);
  }
}
