package io.pointsman.xds.snapshot;

import com.google.protobuf.TypeRegistry;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.pointsman.xds.settings.EnvoyPatchPolicy;
import io.pointsman.xds.settings.GatewayPlugin;

/**
 * What has to be added to an Envoy that somebody else configures, so that it does with a pick what
 * one with an {@link EnvoyConfig} does. Both come from the same code.
 */
public final class PatchParts {
  private PatchParts() {}

  /** The cluster that connects to whatever address the plugin's header names. */
  public static Cluster podCluster(EnvoyPatchPolicy policy, String name) {
    return PodCluster.from(policy).toBuilder().setName(name).build();
  }

  /** The route to that cluster for requests that have the plugin's header. */
  public static Route pickedRoute(EnvoyPatchPolicy.Route settings, String name, String cluster) {
    Route route = RouteResource.picked(settings);
    return route.toBuilder()
        .setName(name)
        .setRoute(route.getRoute().toBuilder().setCluster(cluster))
        .build();
  }

  /** How Envoy's own answers are brought into the form of the plugin's. */
  public static LocalReplyConfig localReplies(GatewayPlugin plugin) {
    return ErrorReplies.localReplies(plugin);
  }

  /** What is packed in these messages. */
  public static TypeRegistry types() {
    return TypeRegistry.newBuilder()
        .add(HttpProtocolOptions.getDescriptor())
        .add(ExpressionFilter.getDescriptor())
        .build();
  }
}
