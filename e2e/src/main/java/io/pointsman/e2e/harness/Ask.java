package io.pointsman.e2e.harness;

import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A completion request. Immutable; each {@code with} gives a changed copy.
 *
 * @param headers beside content-type
 * @param maxTokens 0 leaves it to the server
 */
public record Ask(
    String path,
    String model,
    String prompt,
    boolean stream,
    int maxTokens,
    Map<String, String> headers) {

  public Ask {
    headers = Map.copyOf(headers);
  }

  /** A short completion request with no header that steers routing. */
  public static Ask of(String model) {
    return new Ask("/v1/completions", model, "hello", false, 0, Map.of());
  }

  public Ask withStrategy(String strategy) {
    return withHeader("routing-strategy", strategy);
  }

  public Ask withHeader(String name, String value) {
    var more = new LinkedHashMap<>(headers);
    more.put(name, value);
    return new Ask(path, model, prompt, stream, maxTokens, more);
  }

  public Ask withPath(String newPath) {
    return new Ask(newPath, model, prompt, stream, maxTokens, headers);
  }

  public Ask withPrompt(String newPrompt) {
    return new Ask(path, model, newPrompt, stream, maxTokens, headers);
  }

  public Ask withMaxTokens(int tokens) {
    return new Ask(path, model, prompt, stream, tokens, headers);
  }

  public Ask streaming() {
    return new Ask(path, model, prompt, true, maxTokens, headers);
  }

  /** The request body. */
  public String body() {
    var body = new JsonObject();
    body.addProperty("model", model);
    body.addProperty("prompt", prompt);
    if (stream) {
      body.addProperty("stream", true);
    }
    if (maxTokens > 0) {
      body.addProperty("max_tokens", maxTokens);
    }
    return body.toString();
  }
}
