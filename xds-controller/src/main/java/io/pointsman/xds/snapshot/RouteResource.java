package io.pointsman.xds.snapshot;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.RetryPolicy;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.pointsman.xds.settings.BackendSettings;
import io.pointsman.xds.settings.EnvoyPatchPolicy;
import io.pointsman.xds.settings.Settings;

/**
 * Three routes: the list of models from the plugin, the pod that the plugin picked, and, when it
 * picked none, 503.
 */
final class RouteResource {
  private static final Duration MODELS_TIMEOUT = Durations.fromSeconds(5);

  private RouteResource() {}

  static RouteConfiguration from(Settings settings, String pluginCluster) {
    BackendSettings backend = settings.gatewayPlugin().extProc().backendSettings();
    return RouteConfiguration.newBuilder()
        .setName(Names.ROUTES)
        .setIgnorePortInHostMatching(true)
        .addVirtualHosts(
            VirtualHost.newBuilder()
                .setName("all")
                .addDomains("*")
                .putTypedPerFilterConfig(
                    Names.EXT_PROC_FILTER,
                    Protos.pack(ExtProcFilter.onRoutes(pluginCluster, backend.retry())))
                .addRoutes(models())
                .addRoutes(picked(settings.envoyPatchPolicy().route()))
                .addRoutes(nothingPicked()))
        .build();
  }

  /** The plugin's own answer; asking the plugin where to send it would make no sense. */
  private static Route models() {
    return Route.newBuilder()
        .setName("models")
        .setMatch(
            RouteMatch.newBuilder()
                .setPath("/v1/models")
                .addHeaders(
                    HeaderMatcher.newBuilder()
                        .setName(":method")
                        .setStringMatch(
                            StringMatcher.newBuilder()
                                .setSafeRegex(RegexMatcher.newBuilder().setRegex("GET|HEAD")))))
        .setRoute(
            RouteAction.newBuilder()
                .setCluster(Names.PLUGIN_HTTP)
                .setTimeout(MODELS_TIMEOUT)
                .setRetryPolicy(
                    RetryPolicy.newBuilder()
                        .setRetryOn("connect-failure,refused-stream,reset")
                        .setNumRetries(Protos.uint32(2))))
        .putTypedPerFilterConfig(
            Names.EXT_PROC_FILTER,
            Protos.pack(ExtProcPerRoute.newBuilder().setDisabled(true).build()))
        .build();
  }

  static Route picked(EnvoyPatchPolicy.Route route) {
    return Route.newBuilder()
        .setName("picked")
        .setMatch(
            RouteMatch.newBuilder()
                .setPrefix("/")
                .addHeaders(
                    HeaderMatcher.newBuilder().setName(Names.TARGET_POD).setPresentMatch(true)))
        .setRoute(
            RouteAction.newBuilder()
                .setCluster(Names.PODS)
                .setTimeout(Protos.duration(route.timeout()))
                .setIdleTimeout(Protos.duration(route.idleTimeout()))
                .setRetryPolicy(retries(route)))
        .build();
  }

  /** Only what the pod cannot have begun to work on is sent again. */
  private static RetryPolicy retries(EnvoyPatchPolicy.Route route) {
    var policy = RetryPolicy.newBuilder().setNumRetries(Protos.uint32(route.retries()));
    if (route.retries() > 0) {
      policy.setRetryOn("connect-failure,refused-stream,reset-before-request");
    }
    if (!route.perTryIdleTimeout().isZero()) {
      policy.setPerTryIdleTimeout(Protos.duration(route.perTryIdleTimeout()));
    }
    return policy.build();
  }

  private static Route nothingPicked() {
    return Route.newBuilder()
        .setName("nothing-picked")
        .setMatch(RouteMatch.newBuilder().setPrefix("/"))
        .setDirectResponse(
            DirectResponseAction.newBuilder()
                .setStatus(EnvoyAnswer.NOTHING_PICKED.status())
                .setBody(
                    DataSource.newBuilder().setInlineString(EnvoyAnswer.NOTHING_PICKED.body())))
        .addResponseHeadersToAdd(ErrorReplies.jsonContent())
        .addAllResponseHeadersToAdd(ErrorReplies.headers(EnvoyAnswer.NOTHING_PICKED))
        .build();
  }
}
