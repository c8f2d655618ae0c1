package io.pointsman.xds.snapshot;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.pointsman.xds.settings.Settings;
import java.util.List;

/**
 * All resources that an Envoy gets. Which ones there are, and their names, does not depend on the
 * settings: a change of settings changes resources in place, so that nothing refers to a resource
 * that is not there yet, or not any more. Clusters carry their endpoints.
 */
public record EnvoyConfig(Listener listener, RouteConfiguration routes, List<Cluster> clusters) {

  public EnvoyConfig {
    clusters = List.copyOf(clusters);
  }

  /** What Envoy must be told so that it does what the settings say. */
  public static EnvoyConfig from(Settings settings) {
    return new EnvoyConfig(
        ListenerResource.from(settings),
        RouteResource.from(settings.envoyPatchPolicy()),
        List.of(
            PodCluster.from(settings.envoyPatchPolicy()),
            PluginCluster.grpc(settings.gatewayPlugin()),
            PluginCluster.http(settings.gatewayPlugin(), settings.backendTrafficPolicy())));
  }
}
