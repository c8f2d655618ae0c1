package io.pointsman.xds.snapshot;

import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers.Thresholds;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.pointsman.xds.settings.EnvoyPatchPolicy;
import java.time.Duration;

/** The cluster that connects to whatever address the plugin's header names. */
final class PodCluster {
  /** Envoy's own default, which is also the least that makes sense. */
  private static final Duration LEAST_CLEANUP = Duration.ofSeconds(5);

  /**
   * For connections that never idle out: long enough not to matter, short enough to forget pods.
   */
  private static final Duration LONGEST_CLEANUP = Duration.ofHours(1);

  private PodCluster() {}

  static Cluster from(EnvoyPatchPolicy policy) {
    EnvoyPatchPolicy.Connection connection = policy.connection();
    return Cluster.newBuilder()
        .setName(Names.PODS)
        .setType(Cluster.DiscoveryType.ORIGINAL_DST)
        .setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED)
        .setOriginalDstLbConfig(
            Cluster.OriginalDstLbConfig.newBuilder()
                .setUseHttpHeader(true)
                .setHttpHeaderName(Names.TARGET_POD))
        .setConnectTimeout(Protos.duration(policy.route().connectTimeout()))
        .setPerConnectionBufferLimitBytes(Protos.uint32(connection.bufferLimit()))
        .setCleanupInterval(Protos.duration(cleanupInterval(connection.idleTimeout())))
        .setCircuitBreakers(breakers(policy.circuitBreakers()))
        .setUpstreamConnectionOptions(ClusterParts.tcpKeepalive(connection.tcpKeepalive()))
        .putTypedExtensionProtocolOptions(
            ClusterParts.HTTP_OPTIONS,
            Protos.pack(
                io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions.newBuilder()
                    .setCommonHttpProtocolOptions(
                        HttpProtocolOptions.newBuilder()
                            .setIdleTimeout(Protos.duration(connection.idleTimeout())))
                    .setExplicitHttpConfig(
                        io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                            .ExplicitHttpConfig.newBuilder()
                            .setHttpProtocolOptions(Http1ProtocolOptions.getDefaultInstance()))
                    .build()))
        .build();
  }

  /** Envoy forgets an unused pod after this time and closes its connections, idle or not. */
  private static Duration cleanupInterval(Duration idleTimeout) {
    if (idleTimeout.isZero() || idleTimeout.compareTo(LONGEST_CLEANUP) > 0) {
      return LONGEST_CLEANUP;
    }
    return idleTimeout.compareTo(LEAST_CLEANUP) < 0 ? LEAST_CLEANUP : idleTimeout;
  }

  private static CircuitBreakers breakers(EnvoyPatchPolicy.CircuitBreakers breakers) {
    return CircuitBreakers.newBuilder()
        .addThresholds(
            Thresholds.newBuilder()
                .setMaxConnections(Protos.uint32(breakers.maxConnections()))
                .setMaxRequests(Protos.uint32(breakers.maxRequests()))
                .setMaxPendingRequests(Protos.uint32(breakers.maxPendingRequests()))
                .setMaxRetries(Protos.uint32(breakers.maxRetries()))
                .setTrackRemaining(true))
        .addPerHostThresholds(
            Thresholds.newBuilder()
                .setMaxConnections(Protos.uint32(breakers.perEndpoint().maxConnections())))
        .build();
  }
}
