package io.pointsman.e2e.modelserver;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.function.IntFunction;

/** APIs whose answer is a list with an element for each input, and which never stream. */
final class PoolingFormat implements AnswerFormat {
  private final String listName;
  private final int inputs;
  private final IntFunction<JsonObject> element;

  /**
   * @param listName where the elements go: {@code data} or {@code results}
   * @param inputs number of elements
   * @param element the element of an input
   */
  PoolingFormat(String listName, int inputs, IntFunction<JsonObject> element) {
    this.listName = listName;
    this.inputs = inputs;
    this.element = element;
  }

  static PoolingFormat embeddings(int inputs) {
    return new PoolingFormat(
        "data",
        inputs,
        i ->
            Json.object(
                "object", "embedding", "index", i, "embedding", Json.array(0.6, 0.8, 0.0, 0.0)));
  }

  static PoolingFormat scores(int inputs) {
    return new PoolingFormat(
        "data", inputs, i -> Json.object("index", i, "object", "score", "score", score(i)));
  }

  static PoolingFormat ranks(JsonArray documents) {
    return new PoolingFormat(
        "results",
        documents.size(),
        i ->
            Json.object(
                "index", i,
                "document", Json.object("text", documents.get(i)),
                "relevance_score", score(i)));
  }

  static PoolingFormat classes(int inputs) {
    return new PoolingFormat(
        "data",
        inputs,
        i ->
            Json.object(
                "index", i, "label", "LABEL_0", "probs", Json.array(1.0), "num_classes", 1));
  }

  /** Pictures of nothing. */
  static PoolingFormat images(int count) {
    return new PoolingFormat("data", count, i -> Json.object("b64_json", ""));
  }

  @Override
  public String whole(Answer answer, int cachedTokens) {
    var elements = new JsonArray();
    for (int i = 0; i < inputs; i++) {
      elements.add(element.apply(i));
    }
    return Json.object(
            "id",
            answer.id(),
            "object",
            "list",
            "created",
            answer.created(),
            "model",
            answer.model(),
            "served_by",
            answer.servedBy(),
            listName,
            elements,
            "usage",
            Json.object(
                "prompt_tokens", answer.promptTokens(),
                "total_tokens", answer.promptTokens(),
                "completion_tokens", 0,
                "prompt_tokens_details", Json.object("cached_tokens", cachedTokens)))
        .toString();
  }

  @Override
  public String head(Answer answer, int cachedTokens) {
    throw new UnsupportedOperationException("pooling answers are not streamed");
  }

  @Override
  public String token(Answer answer, int index) {
    throw new UnsupportedOperationException("pooling answers are not streamed");
  }

  @Override
  public String tail(Answer answer, int cachedTokens, boolean includeUsage) {
    throw new UnsupportedOperationException("pooling answers are not streamed");
  }

  private static double score(int index) {
    return 1.0 / (index + 1);
  }
}
