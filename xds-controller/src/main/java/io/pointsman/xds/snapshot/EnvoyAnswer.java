package io.pointsman.xds.snapshot;

import java.util.Map;

/** What clients get from Envoy itself, in the JSON form that they get from the plugin. */
public enum EnvoyAnswer {
  /** Nothing was picked, by a plugin that is away or one that could not. */
  NOTHING_PICKED(
      503,
      overloaded("no endpoint was picked for this request; retry shortly"),
      "retry-after",
      "1"),
  /** What was picked could not take the request, or broke off or spoke no HTTP. */
  ENDPOINT_AWAY(
      503, overloaded("the model endpoint is not available; retry shortly"), "retry-after", "1"),
  /** The plugin failed, and must not. */
  ROUTER_AWAY(503, overloaded("the router is not available; retry shortly"), "retry-after", "1"),
  /** The endpoint, or the plugin where it must not, took too long. */
  TIMED_OUT(504, apiError("the request timed out"), "", ""),
  /** More than is buffered for the plugin. */
  TOO_LARGE(
      413, apiError("the request body is too large"), "x-error-request-body-processing", "true");

  private final int status;
  private final String body;
  private final String header;
  private final String value;

  EnvoyAnswer(int status, String body, String header, String value) {
    this.status = status;
    this.body = body;
    this.header = header;
    this.value = value;
  }

  public int status() {
    return status;
  }

  public String body() {
    return body;
  }

  /** Without the content type, which is {@code application/json} for all. */
  public Map<String, String> headers() {
    return header.isEmpty() ? Map.of() : Map.of(header, value);
  }

  private static String overloaded(String message) {
    return error(message, "overloaded_error", "\"service_unavailable\"");
  }

  private static String apiError(String message) {
    return error(message, "api_error", "null");
  }

  private static String error(String message, String type, String code) {
    return "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"code\":%s,\"param\":null}}"
        .formatted(message, type, code);
  }
}
