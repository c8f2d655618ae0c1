package io.pointsman.xds.server;

import com.google.protobuf.Message;
import io.envoyproxy.controlplane.cache.Resources;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.cache.VersionedResource;
import io.pointsman.xds.snapshot.EnvoyConfig;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** An {@link EnvoyConfig} with a version for each resource, each type and the whole. Immutable. */
final class VersionedConfig {
  /** The types served, in the order in which they are pushed: what is referred to comes first. */
  static final List<ResourceType> TYPES =
      List.of(ResourceType.CLUSTER, ResourceType.LISTENER, ResourceType.ROUTE);

  private final Map<ResourceType, Map<String, VersionedResource<?>>> resources =
      new EnumMap<>(ResourceType.class);
  private final Map<ResourceType, String> versions = new EnumMap<>(ResourceType.class);
  private final String version;

  VersionedConfig(EnvoyConfig config) {
    add(ResourceType.CLUSTER, config.clusters());
    add(ResourceType.LISTENER, List.of(config.listener()));
    add(ResourceType.ROUTE, List.of(config.routes()));
    var byType = new TreeMap<String, String>();
    versions.forEach((type, typeVersion) -> byType.put(type.name(), typeVersion));
    version = ContentVersion.of(byType);
  }

  private void add(ResourceType type, List<? extends Message> messages) {
    var byName = new LinkedHashMap<String, VersionedResource<?>>();
    var versionsByName = new LinkedHashMap<String, String>();
    for (Message message : messages) {
      String name = Resources.getResourceName(message);
      String resourceVersion = ContentVersion.of(message);
      byName.put(name, VersionedResource.create(message, resourceVersion));
      versionsByName.put(name, resourceVersion);
    }
    resources.put(type, byName);
    versions.put(type, ContentVersion.of(versionsByName));
  }

  /** The version of the whole. */
  String version() {
    return version;
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
