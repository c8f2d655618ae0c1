package io.pointsman.xds.policy;

import io.pointsman.xds.settings.EnvoyPatchPolicy;
import io.pointsman.xds.settings.Gateway;
import io.pointsman.xds.settings.Settings;
import io.pointsman.xds.snapshot.PatchParts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The EnvoyPatchPolicy: the cluster of the pods, the route to it, and what no other policy has a
 * field for. Its paths name things rather than count them, since what stands before them depends on
 * other settings and on other people's routes. What is added is what an {@code xds} Envoy gets.
 */
final class PatchPolicy {
  private static final String TYPE = "type.googleapis.com/envoy.config.";
  private static final String CLUSTER = TYPE + "cluster.v3.Cluster";
  private static final String ROUTES = TYPE + "route.v3.RouteConfiguration";
  private static final String LISTENER = TYPE + "listener.v3.Listener";

  /** A listener without TLS has the connection manager in another filter chain than one with. */
  private static final String CONNECTION_MANAGER =
      "$..filters[?(@.name=='envoy.filters.network.http_connection_manager')].typed_config";

  private PatchPolicy() {}

  /**
   * @param extension the policy whose filter asks the plugin
   */
  static Map<String, Object> spec(Settings settings, PolicyId extension) {
    Gateway gateway = settings.gateway();
    EnvoyPatchPolicy pods = settings.envoyPatchPolicy();
    String filter = ExtensionPolicy.filterName(extension);
    String cluster = gateway.namePrefix() + "_pods";
    var patches = new ArrayList<Map<String, Object>>();
    patches.add(
        patch(
            CLUSTER,
            cluster,
            Tree.of(
                "op", "add", "path", "", "value", Tree.of(PatchParts.podCluster(pods, cluster)))));
    Map<String, Object> route =
        route(pods.route(), gateway.namePrefix() + "_picked", cluster, filter);
    for (String listener : gateway.listeners()) {
      String name = "%s/%s/%s".formatted(gateway.namespace(), gateway.name(), listener);
      patches.add(patch(ROUTES, name, add("$.virtual_hosts[*].routes", "0", route)));
      patches.addAll(ofListener(settings, name, filter));
    }
    return Tree.of(
        "type", "JSONPatch", "targetRef", Targets.gateway(gateway), "jsonPatches", patches);
  }

  private static List<Map<String, Object>> ofListener(
      Settings settings, String name, String filter) {
    String extProc = "$..http_filters[?(@.name=='%s')].typed_config".formatted(filter);
    var patches = new ArrayList<Map<String, Object>>();
    if (!settings.gateway().shared()) {
      patches.add(
          patch(
              LISTENER,
              name,
              add(
                  CONNECTION_MANAGER,
                  "local_reply_config",
                  Tree.of(PatchParts.localReplies(settings.gatewayPlugin())))));
    }
    patches.add(
        patch(
            LISTENER,
            name,
            add(
                extProc,
                "max_message_timeout",
                Tree.seconds(settings.gatewayPlugin().maxMessageTimeout()))));
    // Keeps the stream open to the end of the answer, so that the plugin learns of it.
    patches.add(
        patch(LISTENER, name, add(extProc, "processing_mode/response_trailer_mode", "SEND")));
    return patches;
  }

  /** The route, on which the filter has to be switched on, as it is off by default. */
  private static Map<String, Object> route(
      EnvoyPatchPolicy.Route settings, String name, String cluster, String filter) {
    Map<String, Object> route = Tree.of(PatchParts.pickedRoute(settings, name, cluster));
    Map<String, Object> on = Tree.of("@type", TYPE + "route.v3.FilterConfig", "config", Tree.of());
    route.put("typed_per_filter_config", Tree.of(filter, on));
    return route;
  }

  private static Map<String, Object> patch(
      String type, String name, Map<String, Object> operation) {
    return Tree.of("type", type, "name", name, "operation", operation);
  }

  private static Map<String, Object> add(String jsonPath, String path, Object value) {
    return Tree.of("op", "add", "jsonPath", jsonPath, "path", path, "value", value);
  }
}
