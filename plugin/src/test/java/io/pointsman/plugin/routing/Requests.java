package io.pointsman.plugin.routing;

import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.prompt.RequestReader;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Requests of model "m" for tests. */
final class Requests {
  private Requests() {}

  static RouteHeaders headers(@Nullable String strategy, @Nullable String profile) {
    return new RouteHeaders(strategy, profile, null, null, null, null);
  }

  /** Neither headers nor body. */
  static RouteRequest plain() {
    return new RouteRequest("m", headers(null, null), null);
  }

  static RouteRequest withStrategy(String header) {
    return new RouteRequest("m", headers(header, null), null);
  }

  static RouteRequest withProfile(String header, @Nullable ParsedRequest body) {
    return new RouteRequest("m", headers(null, header), body);
  }

  /**
   * A body as the reader gives it.
   *
   * @param maxTokens -1 for a request without a limit
   */
  static ParsedRequest body(int promptBytes, int maxTokens) {
    String limit = maxTokens < 0 ? "" : ",\"max_tokens\":" + maxTokens;
    return read(
        Api.COMPLETIONS,
        "{\"model\":\"m\",\"prompt\":\"" + "x".repeat(promptBytes) + "\"" + limit + "}");
  }

  /** What the reader makes of this JSON. */
  static ParsedRequest read(Api api, String json) {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    var result = new RequestReader().read(api, null, bytes, 0, bytes.length, true);
    if (result instanceof ParsedRequest request) {
      return request;
    }
    throw new AssertionError(result);
  }
}
