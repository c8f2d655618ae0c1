package io.pointsman.xds.server;

import com.google.protobuf.Message;
import com.google.rpc.Status;
import io.envoyproxy.controlplane.cache.Resources;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.server.DiscoveryServerCallbacks;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows each connected Envoy: what it was sent, what it acknowledged, what it refused. Told by
 * the protocol engine before it asks the {@link ConfigCache}. Thread-safe.
 */
final class EnvoyStreams implements DiscoveryServerCallbacks {
  private static final Logger log = LoggerFactory.getLogger(EnvoyStreams.class);

  private record Publication(VersionedConfig config, long readNanos) {}

  private final XdsMetrics metrics;
  private final Map<Long, EnvoyStream> streams = new ConcurrentHashMap<>();
  private volatile Publication current;

  EnvoyStreams(XdsMetrics metrics, VersionedConfig initial) {
    this.metrics = metrics;
    this.current = new Publication(initial, System.nanoTime());
    metrics.watchEnvoys(
        () -> count(EnvoyStream.Protocol.DELTA),
        () -> count(EnvoyStream.Protocol.SOTW),
        this::behind);
  }

  /** A configuration is about to be sent; its cause was noticed at that time. */
  void publishing(VersionedConfig config, long readNanos) {
    current = new Publication(config, readNanos);
  }

  /** The stream on which a request just came, by the request's identity. */
  @Nullable EnvoyStream of(Message request) {
    for (EnvoyStream stream : streams.values()) {
      if (stream.isHandling(request)) {
        return stream;
      }
    }
    return null;
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
    EnvoyStream stream = introduced(streamId, EnvoyStream.Protocol.SOTW, request.getNode());
    ResourceType type = Resources.TYPE_URLS_TO_RESOURCE_TYPE.get(request.getTypeUrl());
    if (stream == null || type == null) {
      return;
    }
    String refused =
        answered(
            stream,
            type,
            request.getResponseNonce(),
            request.hasErrorDetail() ? request.getErrorDetail() : null);
    stream.handling(request, refused);
    if (request.getResponseNonce().isEmpty() && !request.getVersionInfo().isEmpty()) {
      // It was connected before, here or to another replica, and says what it has.
      stream.accepted(type, request.getVersionInfo());
    }
  }

  @Override
  public void onV3StreamDeltaRequest(long streamId, DeltaDiscoveryRequest request) {
    EnvoyStream stream = introduced(streamId, EnvoyStream.Protocol.DELTA, request.getNode());
    ResourceType type = Resources.TYPE_URLS_TO_RESOURCE_TYPE.get(request.getTypeUrl());
    if (stream == null || type == null) {
      return;
    }
    String refused =
        answered(
            stream,
            type,
            request.getResponseNonce(),
            request.hasErrorDetail() ? request.getErrorDetail() : null);
    stream.handling(request, refused);
  }

  private @Nullable EnvoyStream introduced(
      long streamId, EnvoyStream.Protocol protocol, Node node) {
    EnvoyStream stream = streams.get(streamId);
    if (stream != null && stream.introduce(protocol, node)) {
      log.info("envoy connected: node={} protocol={} stream={}", stream.node(), protocol, streamId);
    }
    return stream;
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

  private void sent(long streamId, String typeUrl, String nonce, String version) {
    ResourceType type = Resources.TYPE_URLS_TO_RESOURCE_TYPE.get(typeUrl);
    EnvoyStream stream = streams.get(streamId);
    if (type != null && stream != null) {
      stream.sent(type, nonce, version);
      metrics.pushed(type);
    }
  }

  /** Returns the version that a request refuses; null if it accepts one or answers nothing. */
  private @Nullable String answered(
      EnvoyStream stream, ResourceType type, String nonce, @Nullable Status error) {
    String version = nonce.isEmpty() ? null : stream.sentVersion(type, nonce);
    if (version == null) {
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
          OneLine.of(error.getMessage()));
      return version;
    }
    Publication publication = current;
    if (stream.accepted(type, version)
        && version.equals(publication.config().version(type))
        && stream.openedNanos() - publication.readNanos() < 0) {
      metrics.applied(type, System.nanoTime() - publication.readNanos());
    }
    return null;
  }
}
