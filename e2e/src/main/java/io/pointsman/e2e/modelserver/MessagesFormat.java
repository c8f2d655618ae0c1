package io.pointsman.e2e.modelserver;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import org.jspecify.annotations.Nullable;

/** {@code /v1/messages}: Anthropic's shape, with usage split over first and last event. */
final class MessagesFormat implements AnswerFormat {
  @Override
  public String whole(Answer answer, int cachedTokens) {
    return message(
            answer,
            Json.array(Json.object("type", "text", "text", answer.text())),
            "max_tokens",
            usage(answer, cachedTokens, answer.tokens().size()))
        .toString();
  }

  @Override
  public String head(Answer answer, int cachedTokens) {
    JsonObject message = message(answer, Json.array(), null, usage(answer, cachedTokens, 0));
    return event("message_start", Json.object("message", message))
        + event(
            "content_block_start",
            Json.object("index", 0, "content_block", Json.object("type", "text", "text", "")));
  }

  @Override
  public String token(Answer answer, int index) {
    return event(
        "content_block_delta",
        Json.object(
            "index",
            0,
            "delta",
            Json.object("type", "text_delta", "text", answer.tokens().get(index))));
  }

  @Override
  public String tail(Answer answer, int cachedTokens, boolean includeUsage) {
    return event("content_block_stop", Json.object("index", 0))
        + event(
            "message_delta",
            Json.object(
                "delta", Json.object("stop_reason", "max_tokens", "stop_sequence", null),
                "usage", usage(answer, cachedTokens, answer.tokens().size())))
        + event("message_stop", Json.object());
  }

  private static JsonObject message(
      Answer answer, JsonArray content, @Nullable String stopReason, JsonObject usage) {
    return Json.object(
        "id",
        answer.id(),
        "type",
        "message",
        "role",
        "assistant",
        "model",
        answer.model(),
        "served_by",
        answer.servedBy(),
        "content",
        content,
        "stop_reason",
        stopReason,
        "stop_sequence",
        null,
        "usage",
        usage);
  }

  private static JsonObject usage(Answer answer, int cachedTokens, int outputTokens) {
    return Json.object(
        "input_tokens", answer.promptTokens() - cachedTokens,
        "cache_read_input_tokens", cachedTokens,
        "output_tokens", outputTokens);
  }

  private static String event(String type, JsonObject data) {
    data.addProperty("type", type);
    return "event: " + type + "\ndata: " + data + "\n\n";
  }
}
