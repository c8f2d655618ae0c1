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
  private static final String JSON = "application/json";

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
    var replies =
        LocalReplyConfig.newBuilder()
            .addMappers(
                mapper(withFlags(NO_SERVICE), EnvoyAnswer.ENDPOINT_AWAY)
                    // Envoy's own is 502 for an endpoint that does not speak HTTP.
                    .setStatusCode(Protos.uint32(EnvoyAnswer.ENDPOINT_AWAY.status())))
            .addMappers(mapper(withFlags(TOO_LATE), EnvoyAnswer.TIMED_OUT));
    if (!plugin.failOpen()) {
      // What a client gets when the plugin does not answer in time.
      replies.addMappers(mapper(withStatus(EnvoyAnswer.TIMED_OUT.status()), EnvoyAnswer.TIMED_OUT));
      // By cause, not by status: the plugin's own answers of that status stay as they are.
      replies.addMappers(mapper(pluginFailed(), EnvoyAnswer.ROUTER_AWAY));
    }
    if (plugin.processingMode().request().body() == RequestBodyMode.BUFFERED) {
      // In the other modes it is the plugin that answers so.
      replies.addMappers(mapper(withStatus(EnvoyAnswer.TOO_LARGE.status()), EnvoyAnswer.TOO_LARGE));
    }
    return replies.build();
  }

  /** The headers of an answer, but for its content type. */
  static List<HeaderValueOption> headers(EnvoyAnswer answer) {
    return answer.headers().entrySet().stream()
        .map(header -> header(header.getKey(), header.getValue()))
        .toList();
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

  private static ResponseMapper.Builder mapper(AccessLogFilter filter, EnvoyAnswer answer) {
    return ResponseMapper.newBuilder()
        .setFilter(filter)
        .addAllHeadersToAdd(headers(answer))
        .setBodyFormatOverride(
            SubstitutionFormatString.newBuilder()
                .setTextFormatSource(DataSource.newBuilder().setInlineString(answer.body()))
                .setContentType(JSON));
  }

  private static HeaderValueOption header(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(name).setValue(value))
        .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
        .build();
  }
}
