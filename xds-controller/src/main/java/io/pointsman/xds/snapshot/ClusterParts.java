package io.pointsman.xds.snapshot;

import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers.Thresholds;
import io.envoyproxy.envoy.config.cluster.v3.UpstreamConnectionOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.pointsman.xds.settings.Address;
import io.pointsman.xds.settings.CircuitBreaker;
import io.pointsman.xds.settings.TcpKeepalive;
import java.util.List;

/** What several clusters have. */
final class ClusterParts {
  static final String HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

  private ClusterParts() {}

  static UpstreamConnectionOptions tcpKeepalive(TcpKeepalive keepalive) {
    return UpstreamConnectionOptions.newBuilder()
        .setTcpKeepalive(
            io.envoyproxy.envoy.config.core.v3.TcpKeepalive.newBuilder()
                .setKeepaliveProbes(Protos.uint32(keepalive.probes()))
                .setKeepaliveTime(Protos.uint32(keepalive.idleTime().toSeconds()))
                .setKeepaliveInterval(Protos.uint32(keepalive.interval().toSeconds())))
        .build();
  }

  static CircuitBreakers breakers(CircuitBreaker breaker) {
    return CircuitBreakers.newBuilder()
        .addThresholds(
            Thresholds.newBuilder()
                .setMaxConnections(Protos.uint32(breaker.maxConnections()))
                .setMaxPendingRequests(Protos.uint32(breaker.maxPendingRequests()))
                .setMaxRequests(Protos.uint32(breaker.maxParallelRequests()))
                .setMaxRetries(Protos.uint32(breaker.maxParallelRetries()))
                .setTrackRemaining(true))
        .build();
  }

  /** The limit of requests per connection, which Envoy keeps beside the breakers. */
  static HttpProtocolOptions commonOptions(CircuitBreaker breaker) {
    var options = HttpProtocolOptions.newBuilder();
    if (breaker.maxRequestsPerConnection() > 0) {
      options.setMaxRequestsPerConnection(Protos.uint32(breaker.maxRequestsPerConnection()));
    }
    return options.build();
  }

  static ClusterLoadAssignment endpoints(String cluster, List<Address> addresses) {
    var locality = LocalityLbEndpoints.newBuilder();
    for (Address address : addresses) {
      locality.addLbEndpoints(
          LbEndpoint.newBuilder()
              .setEndpoint(
                  Endpoint.newBuilder()
                      .setAddress(Protos.address(address.host(), address.port()))));
    }
    return ClusterLoadAssignment.newBuilder()
        .setClusterName(cluster)
        .addEndpoints(locality)
        .build();
  }
}
