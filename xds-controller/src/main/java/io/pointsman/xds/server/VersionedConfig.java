package io.pointsman.xds.server;

import com.google.protobuf.Message;
import io.envoyproxy.controlplane.cache.Resources;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.cache.VersionedResource;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.pointsman.xds.snapshot.EnvoyConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An {@link EnvoyConfig} with a version for each resource and each type. Immutable. */
final class VersionedConfig {
  /** The types served, in the order in which they are pushed: what is referred to comes first. */
  static final List<ResourceType> TYPES =
      List.of(ResourceType.CLUSTER, ResourceType.LISTENER, ResourceType.ROUTE);

  private final Map<ResourceType, Map<String, VersionedResource<?>>> resources =
      new EnumMap<>(ResourceType.class);
  private final Map<ResourceType, String> versions = new EnumMap<>(ResourceType.class);

  /**
   * @param retired clusters that nothing refers to any more, but requests under way
   */
  VersionedConfig(EnvoyConfig config, Collection<Cluster> retired) {
    var clusters = new ArrayList<>(config.clusters());
    clusters.addAll(retired);
    add(ResourceType.CLUSTER, clusters);
    add(ResourceType.LISTENER, List.of(config.listener()));
    add(ResourceType.ROUTE, List.of(config.routes()));
  }

  private void add(ResourceType type, List<? extends Message> messages) {
    var byName = new LinkedHashMap<String, VersionedResource<?>>();
    var versionsByName = new HashMap<String, String>();
    for (Message message : messages) {
      String name = Resources.getResourceName(message);
      String version = ContentVersion.of(message);
      byName.put(name, VersionedResource.create(message, version));
      versionsByName.put(name, version);
    }
    resources.put(type, byName);
    versions.put(type, ContentVersion.of(versionsByName));
  }

  /** The version of the whole. */
  String version() {
    var byType = new HashMap<String, String>();
    versions.forEach((type, version) -> byType.put(type.name(), version));
    return ContentVersion.of(byType);
  }

  /** The version of a type; empty for one that is not served. */
  String version(ResourceType type) {
    return versions.getOrDefault(type, "");
  }

  /** The resources of a type by name; empty for one that is not served. */
  Map<String, VersionedResource<?>> resources(ResourceType type) {
    return resources.getOrDefault(type, Map.of());
  }

  /** The resources of a type with these names, or all if no names are given. */
  List<Message> messages(ResourceType type, List<String> names) {
    var messages = new ArrayList<Message>();
    resources(type)
        .forEach(
            (name, resource) -> {
              if (names.isEmpty() || names.contains(name)) {
                messages.add(resource.resource());
              }
            });
    return messages;
  }
}
