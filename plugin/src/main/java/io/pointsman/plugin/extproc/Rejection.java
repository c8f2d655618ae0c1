package io.pointsman.plugin.extproc;

import io.pointsman.plugin.identity.Authentication;
import io.pointsman.plugin.prefill.PrefillOutcome;
import io.pointsman.plugin.prompt.Malformed;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * An error of the wire contract, for the client.
 *
 * @param status HTTP status
 * @param header name of the error header
 * @param headerValue its value; any text, made fit when it is sent
 * @param message what is wrong; any text, escaped when it is sent
 * @param code machine-readable code, or null
 * @param param the request field at fault, or null
 * @param details for Envoy's access log ({@code RESPONSE_CODE_DETAILS}): one word
 */
record Rejection(
    int status,
    String header,
    String headerValue,
    String message,
    @Nullable String code,
    @Nullable String param,
    String details) {
  private static final String BODY_HEADER = "x-error-request-body-processing";
  private static final String MULTIPART_HEADER = "x-error-multipart-parsing";
  private static final String MODEL_HEADER = "x-error-no-model-backends";
  private static final String ROUTING_HEADER = "x-error-routing";
  private static final String USER_HEADER = "x-error-user";
  private static final String TRUE = "true";
  private static final int MAX_QUOTED = 200;

  static final Rejection UNKNOWN_PATH = body(501, "unknown request path", "pointsman_unknown_path");
  static final Rejection NO_BODY = body(400, "the request has no body", "pointsman_no_body");
  static final Rejection BODY_NOT_SENT =
      body(
          400,
          "the model cannot be told: this gateway does not pass on request bodies here",
          "pointsman_body_not_sent");
  static final Rejection TOO_LARGE =
      body(413, "the request body is too large", "pointsman_body_too_large");
  static final Rejection CUT_SHORT =
      body(
          413,
          "the request body is too large, and its model field is not near its start",
          "pointsman_body_cut");

  static final Rejection NOTHING_SELECTED =
      new Rejection(
          503,
          ROUTING_HEADER,
          TRUE,
          "error on selecting target pod: external-filter selects none",
          "service_unavailable",
          null,
          "pointsman_nothing_selected");

  /** RFC 9110 asks for this header with each 401. */
  private static final Rejection MISSING_KEY =
      unauthorized("no API key was sent: send it as Authorization: Bearer <key>", "missing_key");

  private static final Rejection UNKNOWN_KEY =
      unauthorized("incorrect API key provided", "unknown_key");

  private static final Rejection UNKNOWN_USER =
      new Rejection(
          401,
          USER_HEADER,
          TRUE,
          "the user in the header \"user\" does not exist",
          null,
          "user",
          "pointsman_unknown_user");

  private static final Rejection IDENTITY_UNAVAILABLE =
      new Rejection(
          503,
          USER_HEADER,
          TRUE,
          "keys and users cannot be checked at the moment",
          "service_unavailable",
          null,
          "pointsman_identity_unavailable");

  static Rejection of(Authentication.Refusal refusal) {
    return switch (refusal) {
      case MISSING_KEY -> MISSING_KEY;
      case UNKNOWN_KEY -> UNKNOWN_KEY;
      case UNKNOWN_USER -> UNKNOWN_USER;
      case UNAVAILABLE -> IDENTITY_UNAVAILABLE;
    };
  }

  private static Rejection unauthorized(String message, String details) {
    return new Rejection(
        401,
        "www-authenticate",
        "Bearer",
        message,
        "invalid_api_key",
        "api_key",
        "pointsman_" + details);
  }

  static final Rejection NO_INCLUDE_USAGE =
      new Rejection(
          400,
          "x-error-no-stream-options-include-usage",
          "include usage for stream options not set",
          "streams that are charged by tokens need stream_options.include_usage",
          null,
          "stream_options",
          "pointsman_no_include_usage");

  static final Rejection TIMED_OUT =
      new Rejection(
          504,
          ROUTING_HEADER,
          TRUE,
          "the request took longer than its profile allows",
          "timeout",
          null,
          "pointsman_profile_timeout");

  static Rejection allFull(String model) {
    return new Rejection(
        503,
        ROUTING_HEADER,
        TRUE,
        "every pod of model " + quoted(model) + " has as many requests in flight as it may have",
        "service_unavailable",
        null,
        "pointsman_all_full");
  }

  static Rejection malformed(Malformed malformed) {
    return switch (malformed.kind()) {
      case BODY -> body(400, malformed.message(), "pointsman_malformed_body");
      case MULTIPART ->
          new Rejection(
              400,
              MULTIPART_HEADER,
              TRUE,
              malformed.message(),
              null,
              null,
              "pointsman_malformed_multipart");
      case INCOMPLETE -> CUT_SHORT;
    };
  }

  static Rejection unknownModel(String model) {
    return new Rejection(
        400,
        MODEL_HEADER,
        model,
        "model " + quoted(model) + " does not exist",
        "model_not_found",
        "model",
        "pointsman_unknown_model");
  }

  static Rejection noEndpoints(String model) {
    return new Rejection(
        503,
        MODEL_HEADER,
        TRUE,
        "no pod of model " + quoted(model) + " is ready",
        "service_unavailable",
        null,
        "pointsman_no_endpoints");
  }

  static Rejection unknownStrategy(String strategy, Collection<String> valid) {
    return new Rejection(
        400,
        ROUTING_HEADER,
        TRUE,
        "incorrect routing strategy "
            + quoted(strategy)
            + "; valid are "
            + String.join(", ", valid)
            + ", and combinations such as prefix-cache:2,least-request:1",
        null,
        null,
        "pointsman_unknown_strategy");
  }

  /** Pods are there, but the strategy found none of them fit. */
  static final Rejection NOTHING_FITS =
      new Rejection(
          503,
          ROUTING_HEADER,
          TRUE,
          "error on selecting target pod: no prefill and decode pod of one roleset take a prompt of"
              + " this length, nor does a pod that serves whole requests",
          "service_unavailable",
          null,
          "pointsman_nothing_fits");

  static Rejection prefillFailed(PrefillOutcome.Failed failed) {
    return new Rejection(
        failed.status(),
        ROUTING_HEADER,
        TRUE,
        "the prompt could not be computed on a prefill pod: " + failed.failure().label(),
        failed.status() == 503 ? "service_unavailable" : null,
        null,
        "pointsman_prefill_failed");
  }

  /** The error type that goes with the status. */
  String type() {
    return switch (status) {
      case 400, 404 -> "invalid_request_error";
      case 401 -> "authentication_error";
      case 429 -> "rate_limit_error";
      case 503 -> "overloaded_error";
      default -> "api_error";
    };
  }

  /** True if the client should try again soon. */
  boolean isTemporary() {
    return status == 503;
  }

  private static Rejection body(int status, String message, String details) {
    return new Rejection(status, BODY_HEADER, TRUE, message, null, null, details);
  }

  /** What a client sent, short enough to be sent back. */
  private static String quoted(String text) {
    return text.length() <= MAX_QUOTED ? text : text.substring(0, MAX_QUOTED) + "...";
  }
}
