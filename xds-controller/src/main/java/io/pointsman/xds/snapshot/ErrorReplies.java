package io.pointsman.xds.snapshot;

import io.envoyproxy.envoy.config.accesslog.v3.AccessLogFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ResponseFlagFilter;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper;
import java.util.List;

/**
 * Answers that Envoy gives by itself, in the JSON form that clients get from the plugin. Envoy's
 * own texts tell clients how the inside looks, such as addresses and socket errors.
 */
final class ErrorReplies {
  static final String NOTHING_PICKED =
      overloaded("no endpoint was picked for this request; retry shortly");

  private static final String JSON = "application/json";

  /** Nothing behind the route could take the request, or what took it broke off. */
  private static final List<String> NO_SERVICE =
      List.of("LH", "UH", "UF", "UO", "UC", "UR", "LR", "URX", "NC", "OM");

  /** Something took too long. */
  private static final List<String> TOO_LATE = List.of("UT", "SI", "DT", "UMSDR");

  private ErrorReplies() {}

  /** Rewrites what the flags above mark. Answers of the plugin carry none of them. */
  static LocalReplyConfig localReplies() {
    return LocalReplyConfig.newBuilder()
        .addMappers(
            mapper(NO_SERVICE, overloaded("the model endpoint is not available; retry shortly"))
                .addHeadersToAdd(retryAfter()))
        .addMappers(mapper(TOO_LATE, error("the request timed out", "api_error", "null")))
        .build();
  }

  static HeaderValueOption retryAfter() {
    return header("retry-after", "1");
  }

  static HeaderValueOption jsonContent() {
    return header("content-type", JSON);
  }

  private static ResponseMapper.Builder mapper(List<String> flags, String body) {
    return ResponseMapper.newBuilder()
        .setFilter(
            AccessLogFilter.newBuilder()
                .setResponseFlagFilter(ResponseFlagFilter.newBuilder().addAllFlags(flags)))
        .setBodyFormatOverride(
            SubstitutionFormatString.newBuilder()
                .setTextFormatSource(DataSource.newBuilder().setInlineString(body))
                .setContentType(JSON));
  }

  private static String overloaded(String message) {
    return error(message, "overloaded_error", "\"service_unavailable\"");
  }

  private static String error(String message, String type, String code) {
    return "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"code\":%s,\"param\":null}}"
        .formatted(message, type, code);
  }

  private static HeaderValueOption header(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(name).setValue(value))
        .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
        .build();
  }
}
