package io.pointsman.xds.server;

import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.cache.Response;
import io.envoyproxy.controlplane.cache.Watch;
import io.envoyproxy.controlplane.cache.WatchCancelledException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waiting in the state-of-the-world form: any change brings all resources of the type. */
final class WaitingForWorld implements Waiting {
  private static final Logger log = LoggerFactory.getLogger(WaitingForWorld.class);

  private final Watch watch;
  private final @Nullable EnvoyStream stream;
  private final List<String> names;

  /** The version that it has, or that it refuses: a request names only the one it accepted. */
  private final String seenVersion;

  private final boolean asksForMore;

  WaitingForWorld(Watch watch, @Nullable EnvoyStream stream, Set<String> knownNames) {
    this.watch = watch;
    this.stream = stream;
    this.names = List.copyOf(watch.request().getResourceNamesList());
    String refused = stream == null ? null : stream.refusedVersion();
    this.seenVersion = refused == null ? watch.request().getVersionInfo() : refused;
    this.asksForMore = refused == null && !knownNames.containsAll(names);
  }

  @Override
  public @Nullable ResourceType type() {
    return watch.request().getResourceType();
  }

  @Override
  public @Nullable EnvoyStream stream() {
    return stream;
  }

  @Override
  public @Nullable Runnable news(VersionedConfig config) {
    ResourceType type = watch.request().getResourceType();
    boolean hasMore = asksForMore && names.stream().anyMatch(config.resources(type)::containsKey);
    if (!hasMore && seenVersion.equals(config.version(type))) {
      return null;
    }
    return () -> answer(config, type);
  }

  private void answer(VersionedConfig config, ResourceType type) {
    try {
      watch.respond(
          Response.create(watch.request(), config.messages(type, names), config.version(type)));
    } catch (WatchCancelledException e) {
      log.debug("an Envoy went before it was answered: type={}", type);
    }
  }
}
