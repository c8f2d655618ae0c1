package io.pointsman.e2e.modelserver;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request as the server understands it.
 *
 * @param idPrefix what the API's answer ids begin with
 * @param model the model asked for
 * @param stream true to answer with server-sent events
 * @param includeUsage true to end a stream with the usage
 * @param prompt canonical prompt text
 * @param answerTokens length of the answer, or 0 where the request sets no limit
 * @param format the API's way to answer
 * @param json the whole body; empty for forms
 */
record ApiCall(
    String idPrefix,
    String model,
    boolean stream,
    boolean includeUsage,
    String prompt,
    int answerTokens,
    AnswerFormat format,
    JsonObject json) {

  private static final Set<String> PATHS =
      Set.of(
          "/v1/chat/completions",
          "/v1/completions",
          "/v1/responses",
          "/v1/messages",
          "/v1/embeddings",
          "/v1/rerank",
          "/v1/score",
          "/v1/classify",
          "/v1/images/generations",
          "/v1/audio/transcriptions",
          "/v1/audio/translations");

  /** The same request with another prompt. */
  ApiCall withPrompt(String other) {
    return new ApiCall(idPrefix, model, stream, includeUsage, other, answerTokens, format, json);
  }

  /** The same request for an answer of one token. */
  ApiCall withOneToken() {
    return new ApiCall(idPrefix, model, stream, includeUsage, prompt, 1, format, json);
  }

  static boolean isPath(String path) {
    return PATHS.contains(path);
  }

  /**
   * Reads a request.
   *
   * @param path one for which {@link #isPath} is true
   */
  static ApiCall read(String path, @Nullable String contentType, byte[] body) throws BadRequest {
    if (path.startsWith("/v1/audio/")) {
      return audio(Multipart.fields(contentType == null ? "" : contentType, body), body.length);
    }
    JsonObject json = parse(body);
    return switch (path) {
      case "/v1/chat/completions" ->
          generate("chatcmpl-", json, ChatFormat.CHAT)
              .prompt(tools(json).messages(array(json, "messages")).answerNext())
              .limit("max_completion_tokens", "max_tokens")
              .call();
      case "/v1/completions" ->
          generate("cmpl-", json, ChatFormat.COMPLETION)
              .prompt(new PromptText().plain(required(json, "prompt")))
              .limit("max_tokens")
              .call();
      case "/v1/responses" ->
          generate("resp_", json, new ResponsesFormat())
              .prompt(responsesPrompt(json))
              .limit("max_output_tokens")
              .call();
      case "/v1/messages" ->
          generate("msg_", json, new MessagesFormat())
              .prompt(messagesPrompt(json))
              .limit("max_tokens")
              .call();
      case "/v1/embeddings" ->
          pool("embd-", json, PoolingFormat.embeddings(count(required(json, "input"))))
              .prompt(new PromptText().plain(json.get("input")))
              .call();
      case "/v1/classify" ->
          pool("classify-", json, PoolingFormat.classes(count(required(json, "input"))))
              .prompt(new PromptText().plain(json.get("input")))
              .call();
      case "/v1/score" ->
          pool("score-", json, PoolingFormat.scores(count(required(json, "text_2"))))
              .prompt(new PromptText().plain(required(json, "text_1")).plain(json.get("text_2")))
              .call();
      case "/v1/rerank" ->
          pool("rerank-", json, PoolingFormat.ranks(array(json, "documents")))
              .prompt(new PromptText().plain(required(json, "query")).plain(json.get("documents")))
              .call();
      case "/v1/images/generations" ->
          pool("img-", json, PoolingFormat.images(json.has("n") ? json.get("n").getAsInt() : 1))
              .prompt(new PromptText().plain(required(json, "prompt")))
              .call();
      default -> throw new IllegalArgumentException(path);
    };
  }

  private static ApiCall audio(Map<String, String> form, int bytes) throws BadRequest {
    String model = form.get("model");
    if (model == null || !form.containsKey("file")) {
      throw new BadRequest("fields model and file are required");
    }
    String audio = form.getOrDefault("file", "");
    boolean stream = "true".equals(form.get("stream"));
    return new ApiCall(
        "trsc-",
        model,
        stream,
        false,
        audio,
        Math.min(8, 1 + bytes),
        new TranscriptionFormat(),
        new JsonObject());
  }

  private static Builder generate(String idPrefix, JsonObject json, AnswerFormat format)
      throws BadRequest {
    return new Builder(idPrefix, json, format, 0);
  }

  private static Builder pool(String idPrefix, JsonObject json, AnswerFormat format)
      throws BadRequest {
    json.remove("stream");
    return new Builder(idPrefix, json, format, 1);
  }

  private static PromptText tools(JsonObject json) {
    var prompt = new PromptText();
    return json.has("tools") ? prompt.message("tools", json.get("tools")) : prompt;
  }

  private static PromptText messagesPrompt(JsonObject json) throws BadRequest {
    PromptText prompt = tools(json);
    if (json.has("system")) {
      prompt.message("system", json.get("system"));
    }
    return prompt.messages(array(json, "messages")).answerNext();
  }

  private static PromptText responsesPrompt(JsonObject json) throws BadRequest {
    PromptText prompt = tools(json);
    if (json.has("instructions")) {
      prompt.message("system", json.get("instructions"));
    }
    JsonElement input = required(json, "input");
    if (input instanceof JsonArray items) {
      prompt.messages(items);
    } else {
      prompt.message("user", input);
    }
    return prompt.answerNext();
  }

  private static JsonObject parse(byte[] body) throws BadRequest {
    try {
      JsonElement json = JsonParser.parseString(new String(body, StandardCharsets.UTF_8));
      if (json instanceof JsonObject object) {
        return object;
      }
    } catch (JsonParseException | StackOverflowError e) {
      throw new BadRequest("There was an error parsing the body");
    }
    throw new BadRequest("Input should be a valid dictionary");
  }

  private static JsonElement required(JsonObject json, String name) throws BadRequest {
    JsonElement value = json.get(name);
    if (value == null || value.isJsonNull()) {
      throw new BadRequest("Field required: " + name);
    }
    return value;
  }

  private static JsonArray array(JsonObject json, String name) throws BadRequest {
    if (required(json, name) instanceof JsonArray array) {
      return array;
    }
    throw new BadRequest("Input should be a valid list: " + name);
  }

  // A list of token ids is one input; a list of texts or of lists is as many.
  private static int count(JsonElement input) {
    if (input instanceof JsonArray array && !array.isEmpty()) {
      boolean tokens = array.get(0) instanceof JsonPrimitive primitive && primitive.isNumber();
      return tokens ? 1 : array.size();
    }
    return 1;
  }

  private static final class Builder {
    private final String idPrefix;
    private final JsonObject json;
    private final AnswerFormat format;
    private final String model;
    private String prompt = "";
    private int answerTokens;

    Builder(String idPrefix, JsonObject json, AnswerFormat format, int answerTokens)
        throws BadRequest {
      this.idPrefix = idPrefix;
      this.json = json;
      this.format = format;
      this.answerTokens = answerTokens;
      if (!(required(json, "model") instanceof JsonPrimitive name) || !name.isString()) {
        throw new BadRequest("Input should be a valid string: model");
      }
      this.model = name.getAsString();
    }

    Builder prompt(PromptText text) {
      prompt = text.toString();
      return this;
    }

    Builder limit(String... names) throws BadRequest {
      for (String name : names) {
        if (json.get(name) instanceof JsonPrimitive limit && limit.isNumber()) {
          answerTokens = limit.getAsInt();
          if (answerTokens < 1) {
            throw new BadRequest(name + " must be at least 1, got " + answerTokens + ".");
          }
          return this;
        }
      }
      return this;
    }

    ApiCall call() {
      boolean includeUsage =
          json.get("stream_options") instanceof JsonObject options
              && Json.isTrue(options, "include_usage");
      return new ApiCall(
          idPrefix,
          model,
          Json.isTrue(json, "stream"),
          includeUsage,
          prompt,
          answerTokens,
          format,
          json);
    }
  }
}
