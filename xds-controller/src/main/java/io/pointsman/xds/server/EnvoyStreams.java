package io.pointsman.xds.server;

import io.envoyproxy.controlplane.cache.Resources;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.server.DiscoveryServerCallbacks;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows each connected Envoy: what it was sent, what it acknowledged, what it refused. Told by
 * the protocol engine; thread-safe.
 */
final class EnvoyStreams implements DiscoveryServerCallbacks {
  private static final Logger log = LoggerFactory.getLogger(EnvoyStreams.class);

  private final XdsMetrics metrics;
  private final Map<Long, EnvoyStream> streams = new ConcurrentHashMap<>();

  /**
   * State-of-the-world requests that refuse a version, from the moment that the engine shows them
   * here until it hands the same object to the cache.
   */
  private final Map<DiscoveryRequest, String> refusals =
      Collections.synchronizedMap(new IdentityHashMap<>());

  private volatile Publication current;

  EnvoyStreams(XdsMetrics metrics, VersionedConfig initial) {
    this.metrics = metrics;
    this.current = new Publication(initial, System.nanoTime());
    metrics.watchEnvoys(
        () -> count(EnvoyStream.Protocol.DELTA),
        () -> count(EnvoyStream.Protocol.SOTW),
        this::behind);
  }

  /** A configuration is about to be sent; it was read at that time. */
  void publishing(VersionedConfig config, long readNanos) {
    current = new Publication(config, readNanos);
  }

  /** The version that a request refuses, or null if it refuses none. Tells it once. */
  @Nullable String takeRefusedVersion(DiscoveryRequest request) {
    return refusals.remove(request);
  }

  private long count(EnvoyStream.Protocol protocol) {
    return streams.values().stream().filter(stream -> stream.protocol() == protocol).count();
  }

  private long behind() {
    VersionedConfig config = current.config();
    return streams.values().stream().filter(stream -> !stream.has(config)).count();
  }

  @Override
  public void onStreamOpen(long streamId, String typeUrl) {
    streams.put(streamId, new EnvoyStream(System.nanoTime()));
  }

  @Override
  public void onStreamClose(long streamId, String typeUrl) {
    closed(streamId);
  }

  @Override
  public void onStreamCloseWithError(long streamId, String typeUrl, Throwable error) {
    closed(streamId);
  }

  private void closed(long streamId) {
    EnvoyStream stream = streams.remove(streamId);
    if (stream != null) {
      log.info("envoy disconnected: node={} stream={}", stream.node(), streamId);
    }
  }

  @Override
  public void onV3StreamRequest(long streamId, DiscoveryRequest request) {
    EnvoyStream stream = streams.get(streamId);
    if (stream == null) {
      return;
    }
    if (stream.introduce(EnvoyStream.Protocol.SOTW, request.getNode())) {
      greet(streamId, stream);
    }
    String error = request.hasErrorDetail() ? request.getErrorDetail().getMessage() : null;
    String refused = answered(stream, request.getTypeUrl(), request.getResponseNonce(), error);
    if (refused != null) {
      refusals.put(request, refused);
    }
  }

  @Override
  public void onV3StreamDeltaRequest(long streamId, DeltaDiscoveryRequest request) {
    EnvoyStream stream = streams.get(streamId);
    if (stream == null) {
      return;
    }
    if (stream.introduce(EnvoyStream.Protocol.DELTA, request.getNode())) {
      greet(streamId, stream);
    }
    String error = request.hasErrorDetail() ? request.getErrorDetail().getMessage() : null;
    answered(stream, request.getTypeUrl(), request.getResponseNonce(), error);
  }

  @Override
  public void onV3StreamResponse(
      long streamId, DiscoveryRequest request, DiscoveryResponse response) {
    sent(streamId, response.getTypeUrl(), response.getNonce(), response.getVersionInfo());
  }

  @Override
  public void onV3StreamDeltaResponse(
      long streamId, DeltaDiscoveryRequest request, DeltaDiscoveryResponse response) {
    sent(streamId, response.getTypeUrl(), response.getNonce(), response.getSystemVersionInfo());
  }

  private static void greet(long streamId, EnvoyStream stream) {
    log.info(
        "envoy connected: node={} protocol={} stream={}",
        stream.node(),
        stream.protocol(),
        streamId);
  }

  private void sent(long streamId, String typeUrl, String nonce, String version) {
    ResourceType type = Resources.TYPE_URLS_TO_RESOURCE_TYPE.get(typeUrl);
    EnvoyStream stream = streams.get(streamId);
    if (type != null && stream != null) {
      stream.sent(type, nonce, version);
      metrics.pushed(type);
    }
  }

  /** Returns the version that this answer refuses, or null if it accepts or is no answer. */
  private @Nullable String answered(
      EnvoyStream stream, String typeUrl, String nonce, @Nullable String error) {
    ResourceType type = Resources.TYPE_URLS_TO_RESOURCE_TYPE.get(typeUrl);
    String version = type == null || nonce.isEmpty() ? null : stream.sentVersion(type, nonce);
    if (type == null || version == null) {
      return null;
    }
    if (error != null) {
      metrics.nacked(type);
      log.warn(
          "envoy refused a configuration and keeps the one before: node={} type={} version={}"
              + " reason={}",
          stream.node(),
          type,
          version,
          OneLine.of(error));
      return version;
    }
    Publication publication = current;
    if (stream.accepted(type, version)
        && version.equals(publication.config().version(type))
        && stream.openedNanos() < publication.readNanos()) {
      metrics.applied(type, System.nanoTime() - publication.readNanos());
    }
    return null;
  }

  private record Publication(VersionedConfig config, long readNanos) {}
}
