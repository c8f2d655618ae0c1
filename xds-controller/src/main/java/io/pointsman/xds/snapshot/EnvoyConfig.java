package io.pointsman.xds.snapshot;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.pointsman.xds.settings.Settings;
import java.util.List;

/**
 * All resources that an Envoy gets. Clusters carry their endpoints.
 *
 * <p>A change of settings changes resources in place, but for the cluster of the plugin. When Envoy
 * replaces a cluster it resets the gRPC streams that it opened itself through it: with ext_proc
 * that would fail requests that wait for a decision, and cut answers where the filter fails closed.
 * So that cluster has a name by content; a new one comes, the routes turn to it, and the old one
 * may stay until its streams have ended.
 */
public record EnvoyConfig(Listener listener, RouteConfiguration routes, List<Cluster> clusters) {

  public EnvoyConfig {
    clusters = List.copyOf(clusters);
  }

  /** What Envoy must be told so that it does what the settings say. */
  public static EnvoyConfig from(Settings settings) {
    Cluster plugin = PluginCluster.grpc(settings.gatewayPlugin());
    return new EnvoyConfig(
        ListenerResource.from(settings, plugin.getName()),
        RouteResource.from(settings, plugin.getName()),
        List.of(
            PodCluster.from(settings.envoyPatchPolicy()),
            plugin,
            PluginCluster.http(settings.gatewayPlugin(), settings.backendTrafficPolicy())));
  }
}
