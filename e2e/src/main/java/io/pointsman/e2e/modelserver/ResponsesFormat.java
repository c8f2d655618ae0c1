package io.pointsman.e2e.modelserver;

import com.google.gson.JsonObject;
import org.jspecify.annotations.Nullable;

/** {@code /v1/responses}: named events, and usage in the last one whatever was asked for. */
final class ResponsesFormat implements AnswerFormat {
  @Override
  public String whole(Answer answer, int cachedTokens) {
    return response(answer, "completed", usage(answer, cachedTokens)).toString();
  }

  @Override
  public String head(Answer answer, int cachedTokens) {
    return event(
            "response.created",
            Json.object("sequence_number", 0, "response", response(answer, "in_progress", null)))
        + event(
            "response.output_item.added",
            Json.object("sequence_number", 1, "output_index", 0, "item", message(answer, "")));
  }

  @Override
  public String token(Answer answer, int index) {
    return event(
        "response.output_text.delta",
        Json.object(
            "sequence_number",
            index + 2,
            "item_id",
            "msg_" + answer.id(),
            "output_index",
            0,
            "content_index",
            0,
            "delta",
            answer.tokens().get(index)));
  }

  @Override
  public String tail(Answer answer, int cachedTokens, boolean includeUsage) {
    int sequence = answer.tokens().size() + 2;
    return event(
            "response.output_text.done",
            Json.object(
                "sequence_number",
                sequence,
                "item_id",
                "msg_" + answer.id(),
                "output_index",
                0,
                "content_index",
                0,
                "text",
                answer.text()))
        + event(
            "response.completed",
            Json.object(
                "sequence_number",
                sequence + 1,
                "response",
                response(answer, "completed", usage(answer, cachedTokens))));
  }

  private static JsonObject response(Answer answer, String status, @Nullable JsonObject usage) {
    return Json.object(
        "id",
        answer.id(),
        "object",
        "response",
        "created_at",
        answer.created(),
        "model",
        answer.model(),
        "served_by",
        answer.servedBy(),
        "status",
        status,
        "output",
        usage == null ? Json.array() : Json.array(message(answer, answer.text())),
        "usage",
        usage);
  }

  private static JsonObject message(Answer answer, String text) {
    return Json.object(
        "id",
        "msg_" + answer.id(),
        "type",
        "message",
        "role",
        "assistant",
        "status",
        text.isEmpty() ? "in_progress" : "completed",
        "content",
        Json.array(Json.object("type", "output_text", "text", text)));
  }

  private static JsonObject usage(Answer answer, int cachedTokens) {
    return Json.object(
        "input_tokens",
        answer.promptTokens(),
        "input_tokens_details",
        Json.object("cached_tokens", cachedTokens),
        "output_tokens",
        answer.tokens().size(),
        "total_tokens",
        answer.promptTokens() + answer.tokens().size());
  }

  private static String event(String type, JsonObject data) {
    data.addProperty("type", type);
    return "event: " + type + "\ndata: " + data + "\n\n";
  }
}
