package io.pointsman.e2e.modelserver;

import com.google.gson.JsonObject;
import org.jspecify.annotations.Nullable;

/** {@code /v1/audio/transcriptions} and {@code /v1/audio/translations}. */
final class TranscriptionFormat implements AnswerFormat {
  @Override
  public String whole(Answer answer, int cachedTokens) {
    return Json.object(
            "text", answer.text(),
            "model", answer.model(),
            "served_by", answer.servedBy(),
            "usage", Json.object("type", "duration", "seconds", 1))
        .toString();
  }

  @Override
  public String head(Answer answer, int cachedTokens) {
    return "";
  }

  @Override
  public String token(Answer answer, int index) {
    return chunk(answer, Json.object("content", answer.tokens().get(index)), null);
  }

  @Override
  public String tail(Answer answer, int cachedTokens, boolean includeUsage) {
    return chunk(answer, Json.object(), "stop") + "data: [DONE]\n\n";
  }

  private static String chunk(Answer answer, JsonObject delta, @Nullable String finish) {
    return ChatFormat.event(
        Json.object(
            "id", answer.id(),
            "object", "transcription.chunk",
            "created", answer.created(),
            "model", answer.model(),
            "served_by", answer.servedBy(),
            "choices", Json.array(Json.object("delta", delta, "finish_reason", finish))));
  }
}
