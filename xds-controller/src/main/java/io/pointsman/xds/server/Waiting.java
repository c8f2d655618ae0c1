package io.pointsman.xds.server;

import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import org.jspecify.annotations.Nullable;

/** An Envoy that waits for resources of one type other than those it has. */
sealed interface Waiting permits WaitingForWorld, WaitingForDelta {
  /** The type; null if it is one that nobody serves. */
  @Nullable ResourceType type();

  /** Its stream; null if that has just ended. */
  @Nullable EnvoyStream stream();

  /** What sends it a configuration, or null if there is nothing in it that it lacks. */
  @Nullable Runnable news(VersionedConfig config);
}
