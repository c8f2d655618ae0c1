package io.pointsman.xds.server;

import com.google.protobuf.Message;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.envoy.config.core.v3.Node;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What is known of one connected Envoy. Thread-safe. */
final class EnvoyStream {
  /** The two forms of ADS. */
  enum Protocol {
    /** Changes only. */
    DELTA,
    /** State of the world: all resources of a type each time. */
    SOTW
  }

  private record Sent(String nonce, String version) {}

  private final long openedNanos;
  private final Map<ResourceType, Sent> sent = new ConcurrentHashMap<>();
  private final Map<ResourceType, String> accepted = new ConcurrentHashMap<>();
  private volatile @Nullable Protocol protocol;
  private volatile String node = "";
  private volatile @Nullable Message request;
  private volatile @Nullable String refusedVersion;

  EnvoyStream(long openedNanos) {
    this.openedNanos = openedNanos;
  }

  /** The first request tells who it is; returns whether this was the first. */
  boolean introduce(Protocol spoken, Node sender) {
    if (protocol != null) {
      return false;
    }
    node = OneLine.of(sender.getId());
    protocol = spoken;
    return true;
  }

  /** Notes the request that is being handled, and the version that it refuses, if any. */
  void handling(Message current, @Nullable String refused) {
    request = current;
    refusedVersion = refused;
  }

  /** Whether this very object is the request that is being handled. */
  @SuppressWarnings("ReferenceEquality") // a stream may send equal requests one after the other
  boolean isHandling(Message candidate) {
    return request == candidate;
  }

  /** The version that the request being handled refuses, or null if it refuses none. */
  @Nullable String refusedVersion() {
    return refusedVersion;
  }

  long openedNanos() {
    return openedNanos;
  }

  String node() {
    return node;
  }

  /** Null until the first request came. */
  @Nullable Protocol protocol() {
    return protocol;
  }

  void sent(ResourceType type, String nonce, String version) {
    sent.put(type, new Sent(nonce, version));
  }

  /** The version sent under a nonce, or null if that is not the last that was sent. */
  @Nullable String sentVersion(ResourceType type, String nonce) {
    Sent last = sent.get(type);
    return last != null && last.nonce.equals(nonce) ? last.version : null;
  }

  /** Notes a version that it says it has; returns whether that is news. */
  boolean accepted(ResourceType type, String version) {
    return !version.equals(accepted.put(type, version));
  }

  /** The version that it has; null if it never said. */
  @Nullable String acceptedVersion(ResourceType type) {
    return accepted.get(type);
  }

  /** Whether it acknowledged all of a configuration. */
  boolean has(VersionedConfig config) {
    return VersionedConfig.TYPES.stream()
        .allMatch(type -> config.version(type).equals(accepted.get(type)));
  }
}
