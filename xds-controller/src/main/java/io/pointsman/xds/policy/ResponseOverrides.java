package io.pointsman.xds.policy;

import io.pointsman.xds.settings.GatewayPlugin;
import io.pointsman.xds.settings.RequestBodyMode;
import io.pointsman.xds.snapshot.EnvoyAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Brings Envoy's own answers into the form of the plugin's where no patch does it. The plugin's
 * answers are Envoy's to Envoy Gateway, so they must be told apart: they are JSON, Envoy's are
 * plain text; but where the plugin failed there is no text, so there Envoy is to use a status that
 * nobody else does.
 */
final class ResponseOverrides {
  /** Insufficient storage: neither Envoy nor the plugin says that by itself. */
  static final int PLUGIN_FAILED = 507;

  /**
   * Envoy Gateway's answer, without a body, on every route while no replica of a plugin that must
   * not be passed over is ready. The plugin itself never says so, and what pods say is not local.
   */
  private static final int NO_PLUGIN_READY = 500;

  private static final int BAD_GATEWAY = 502;

  private ResponseOverrides() {}

  static List<Map<String, Object>> of(GatewayPlugin plugin) {
    var overrides = new ArrayList<Map<String, Object>>();
    overrides.add(
        override(
            Tree.of("statusCodes", statuses(PLUGIN_FAILED, NO_PLUGIN_READY)),
            EnvoyAnswer.ROUTER_AWAY,
            plugin.statusOnError()));
    overrides.add(
        ofText(
            EnvoyAnswer.ENDPOINT_AWAY, statuses(EnvoyAnswer.ENDPOINT_AWAY.status(), BAD_GATEWAY)));
    overrides.add(ofText(EnvoyAnswer.TIMED_OUT, statuses(EnvoyAnswer.TIMED_OUT.status())));
    if (plugin.processingMode().request().body() == RequestBodyMode.BUFFERED) {
      overrides.add(ofText(EnvoyAnswer.TOO_LARGE, statuses(EnvoyAnswer.TOO_LARGE.status())));
    }
    return overrides;
  }

  private static Map<String, Object> ofText(
      EnvoyAnswer answer, List<Map<String, Object>> statuses) {
    Map<String, Object> text =
        Tree.of("name", "content-type", "value", Tree.of("type", "Prefix", "value", "text/plain"));
    return override(
        Tree.of("statusCodes", statuses, "responseHeaders", List.of(text)),
        answer,
        answer.status());
  }

  private static List<Map<String, Object>> statuses(int... statuses) {
    var list = new ArrayList<Map<String, Object>>();
    for (int status : statuses) {
      list.add(Tree.of("type", "Value", "value", status));
    }
    return list;
  }

  private static Map<String, Object> override(
      Map<String, Object> match, EnvoyAnswer answer, int status) {
    Map<String, Object> response =
        Tree.of(
            "contentType",
            "application/json",
            "body",
            Tree.of("type", "Inline", "inline", answer.body()),
            "statusCode",
            status);
    if (!answer.headers().isEmpty()) {
      var set = new ArrayList<Map<String, Object>>();
      answer.headers().forEach((name, value) -> set.add(Tree.of("name", name, "value", value)));
      response.put("header", Tree.of("set", set));
    }
    return Tree.of("match", match, "source", "Local", "response", response);
  }
}
