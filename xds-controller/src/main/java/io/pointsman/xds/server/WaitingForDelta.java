package io.pointsman.xds.server;

import io.envoyproxy.controlplane.cache.DeltaResponse;
import io.envoyproxy.controlplane.cache.DeltaWatch;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.cache.VersionedResource;
import io.envoyproxy.controlplane.cache.WatchCancelledException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waiting in the delta form: a change brings the resources that differ from those accepted. */
final class WaitingForDelta implements Waiting {
  private static final Logger log = LoggerFactory.getLogger(WaitingForDelta.class);

  private final DeltaWatch watch;
  private final @Nullable EnvoyStream stream;
  private final @Nullable String refusedVersion;

  WaitingForDelta(DeltaWatch watch, @Nullable EnvoyStream stream) {
    this.watch = watch;
    this.stream = stream;
    this.refusedVersion = watch.request().hasErrorDetail() ? watch.version() : null;
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
    String version = config.version(type);
    Map<String, VersionedResource<?>> changed = changed(config.resources(type));
    List<String> removed = removed(config.resources(type));
    if (version.equals(refusedVersion) || (changed.isEmpty() && removed.isEmpty())) {
      return null;
    }
    return () -> answer(changed, removed, version);
  }

  private Map<String, VersionedResource<?>> changed(Map<String, VersionedResource<?>> resources) {
    var changed = new HashMap<String, VersionedResource<?>>();
    resources.forEach(
        (name, resource) -> {
          String accepted = watch.trackedResources().get(name);
          boolean follows = accepted != null || watch.isWildcard();
          boolean differs = follows && !resource.version().equals(accepted);
          // Who asks for a name anew gets it even if it had it before: it may have dropped it.
          if (differs || watch.pendingResources().contains(name)) {
            changed.put(name, resource);
          }
        });
    return changed;
  }

  private List<String> removed(Map<String, VersionedResource<?>> resources) {
    var removed = new ArrayList<String>();
    for (String name : watch.trackedResources().keySet()) {
      if (!resources.containsKey(name)) {
        removed.add(name);
      }
    }
    return removed;
  }

  private void answer(
      Map<String, VersionedResource<?>> changed, List<String> removed, String version) {
    try {
      watch.respond(DeltaResponse.create(watch.request(), changed, removed, version));
    } catch (WatchCancelledException e) {
      log.debug("an Envoy went before it was answered: type={}", watch.request().getTypeUrl());
    }
  }
}
