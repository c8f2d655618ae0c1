package io.pointsman.xds.snapshot;

import io.envoyproxy.envoy.config.accesslog.v3.AccessLogFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ComparisonFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ExtensionFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ResponseFlagFilter;
import io.envoyproxy.envoy.config.accesslog.v3.StatusCodeFilter;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.config.core.v3.RuntimeUInt32;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper;
import io.pointsman.xds.settings.GatewayPlugin;
import io.pointsman.xds.settings.RequestBodyMode;
import java.util.List;

/**
 * Answers that Envoy gives by itself, in the JSON form that clients get from the plugin. Envoy's
 * own texts tell clients how the inside looks, such as addresses and socket errors.
 */
final class ErrorReplies {
  static final String NOTHING_PICKED =
      overloaded("no endpoint was picked for this request; retry shortly");

  private static final String JSON = "application/json";
  private static final int TOO_LARGE = 413;
  private static final int UNAVAILABLE = 503;
  private static final int TIMEOUT = 504;

  /** Envoy names the cause of its answer so where the plugin failed it. */
  private static final String PLUGIN_FAILED =
      "response.code_details.startsWith(\"ext_proc_error\")";

  /**
   * Nothing behind the route could take the request, or what took it broke off or spoke no HTTP.
   */
  private static final List<String> NO_SERVICE =
      List.of("LH", "UH", "UF", "UO", "UC", "UR", "LR", "URX", "NC", "OM", "UPE", "DF");

  /** Something took too long. */
  private static final List<String> TOO_LATE = List.of("UT", "SI", "DT", "UMSDR");

  private ErrorReplies() {}

  /** Rewrites Envoy's own answers, and none of the plugin's. */
  static LocalReplyConfig localReplies(GatewayPlugin plugin) {
    String timeout = apiError("the request timed out");
    var replies =
        LocalReplyConfig.newBuilder()
            .addMappers(
                mapper(
                        withFlags(NO_SERVICE),
                        overloaded("the model endpoint is not available; retry shortly"))
                    // Envoy's own is 502 for an endpoint that does not speak HTTP.
                    .setStatusCode(Protos.uint32(UNAVAILABLE))
                    .addHeadersToAdd(retryAfter()))
            .addMappers(mapper(withFlags(TOO_LATE), timeout));
    if (!plugin.failOpen()) {
      // What a client gets when the plugin does not answer in time.
      replies.addMappers(mapper(withStatus(TIMEOUT), timeout));
      // By cause, not by status: the plugin's own answers of that status stay as they are.
      replies.addMappers(
          mapper(pluginFailed(), overloaded("the router is not available; retry shortly"))
              .addHeadersToAdd(retryAfter()));
    }
    if (plugin.processingMode().request().body() == RequestBodyMode.BUFFERED) {
      // In the other modes it is the plugin that answers so.
      replies.addMappers(
          mapper(withStatus(TOO_LARGE), apiError("the request body is too large"))
              .addHeadersToAdd(header("x-error-request-body-processing", "true")));
    }
    return replies.build();
  }

  static HeaderValueOption retryAfter() {
    return header("retry-after", "1");
  }

  static HeaderValueOption jsonContent() {
    return header("content-type", JSON);
  }

  private static AccessLogFilter withFlags(List<String> flags) {
    return AccessLogFilter.newBuilder()
        .setResponseFlagFilter(ResponseFlagFilter.newBuilder().addAllFlags(flags))
        .build();
  }

  private static AccessLogFilter pluginFailed() {
    var expression = ExpressionFilter.newBuilder().setExpression(PLUGIN_FAILED).build();
    return AccessLogFilter.newBuilder()
        .setExtensionFilter(
            ExtensionFilter.newBuilder()
                .setName("envoy.access_loggers.extension_filters.cel")
                .setTypedConfig(Protos.pack(expression)))
        .build();
  }

  private static AccessLogFilter withStatus(int status) {
    return AccessLogFilter.newBuilder()
        .setStatusCodeFilter(
            StatusCodeFilter.newBuilder()
                .setComparison(
                    ComparisonFilter.newBuilder()
                        .setOp(ComparisonFilter.Op.EQ)
                        .setValue(
                            RuntimeUInt32.newBuilder()
                                .setDefaultValue(status)
                                .setRuntimeKey("pointsman.local_reply_" + status))))
        .build();
  }

  private static ResponseMapper.Builder mapper(AccessLogFilter filter, String body) {
    return ResponseMapper.newBuilder()
        .setFilter(filter)
        .setBodyFormatOverride(
            SubstitutionFormatString.newBuilder()
                .setTextFormatSource(DataSource.newBuilder().setInlineString(body))
                .setContentType(JSON));
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

  private static HeaderValueOption header(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(name).setValue(value))
        .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
        .build();
  }
}
