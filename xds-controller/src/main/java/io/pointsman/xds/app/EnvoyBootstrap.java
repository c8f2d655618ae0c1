package io.pointsman.xds.app;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.bootstrap.v3.Admin;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.KeepaliveSettings;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.overload.v3.OverloadManager;
import io.envoyproxy.envoy.config.overload.v3.ResourceMonitor;
import io.envoyproxy.envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.pointsman.common.BindAddress;
import java.util.List;

/**
 * The file that an Envoy is started with: who it is, and where the rest of its configuration comes
 * from.
 *
 * @param nodeId name of this Envoy
 * @param nodeCluster name of the group of Envoys
 * @param xdsAddresses replicas of the controller
 * @param adminAddress of Envoy's admin interface
 * @param maxConnections client connections accepted over all; 0 is no limit
 * @param delta whether to use the delta form of ADS
 */
public record EnvoyBootstrap(
    String nodeId,
    String nodeCluster,
    List<BindAddress> xdsAddresses,
    BindAddress adminAddress,
    long maxConnections,
    boolean delta) {
  private static final String XDS_CLUSTER = "pointsman_xds";
  private static final String HTTP_OPTIONS =
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

  /**
   * Checks what Envoy would refuse.
   *
   * @throws IllegalArgumentException with what was expected and what was found
   */
  public EnvoyBootstrap {
    xdsAddresses = List.copyOf(xdsAddresses);
    for (BindAddress address : xdsAddresses) {
      if (address.host().isEmpty() || address.port() == 0) {
        throw new IllegalArgumentException(
            "the controller's address must have a host and a port, found " + address);
      }
    }
    if (adminAddress.host().isEmpty()) {
      throw new IllegalArgumentException(
          "the admin address must have a host, found " + adminAddress);
    }
    if (maxConnections < 0) {
      throw new IllegalArgumentException(
          "the limit of connections must not be negative, found " + maxConnections);
    }
  }

  /** The file's text. JSON is YAML too, so Envoy takes it under either name. */
  public String toJson() {
    var types =
        TypeRegistry.newBuilder()
            .add(HttpProtocolOptions.getDescriptor())
            .add(DownstreamConnectionsConfig.getDescriptor())
            .build();
    try {
      return JsonFormat.printer()
          .usingTypeRegistry(types)
          .preservingProtoFieldNames()
          .print(toProto());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a message of known types can be printed", e);
    }
  }

  private Bootstrap toProto() {
    var bootstrap =
        Bootstrap.newBuilder()
            .setNode(Node.newBuilder().setId(nodeId).setCluster(nodeCluster))
            .setAdmin(Admin.newBuilder().setAddress(address(adminAddress)))
            .setDynamicResources(dynamicResources())
            .setStaticResources(
                Bootstrap.StaticResources.newBuilder().addClusters(controllerCluster()));
    if (maxConnections > 0) {
      bootstrap.setOverloadManager(connectionLimit());
    }
    return bootstrap.build();
  }

  private Bootstrap.DynamicResources dynamicResources() {
    var fromAds =
        ConfigSource.newBuilder()
            .setAds(AggregatedConfigSource.getDefaultInstance())
            .setResourceApiVersion(ApiVersion.V3);
    return Bootstrap.DynamicResources.newBuilder()
        .setAdsConfig(
            ApiConfigSource.newBuilder()
                .setApiType(
                    delta ? ApiConfigSource.ApiType.DELTA_GRPC : ApiConfigSource.ApiType.GRPC)
                .setTransportApiVersion(ApiVersion.V3)
                .addGrpcServices(
                    GrpcService.newBuilder()
                        .setEnvoyGrpc(
                            GrpcService.EnvoyGrpc.newBuilder().setClusterName(XDS_CLUSTER))))
        .setCdsConfig(fromAds)
        .setLdsConfig(fromAds)
        .build();
  }

  private Cluster controllerCluster() {
    var locality = LocalityLbEndpoints.newBuilder();
    for (BindAddress replica : xdsAddresses) {
      locality.addLbEndpoints(
          LbEndpoint.newBuilder().setEndpoint(Endpoint.newBuilder().setAddress(address(replica))));
    }
    var options =
        HttpProtocolOptions.newBuilder()
            .setExplicitHttpConfig(
                HttpProtocolOptions.ExplicitHttpConfig.newBuilder()
                    .setHttp2ProtocolOptions(
                        Http2ProtocolOptions.newBuilder()
                            .setConnectionKeepalive(
                                KeepaliveSettings.newBuilder()
                                    .setInterval(Durations.fromSeconds(30))
                                    .setTimeout(Durations.fromSeconds(5)))))
            .build();
    return Cluster.newBuilder()
        .setName(XDS_CLUSTER)
        // Takes addresses as well as names.
        .setType(Cluster.DiscoveryType.STRICT_DNS)
        .setConnectTimeout(Durations.fromSeconds(1))
        .setLoadAssignment(
            ClusterLoadAssignment.newBuilder().setClusterName(XDS_CLUSTER).addEndpoints(locality))
        .putTypedExtensionProtocolOptions(HTTP_OPTIONS, Any.pack(options))
        .build();
  }

  private OverloadManager connectionLimit() {
    var limit =
        DownstreamConnectionsConfig.newBuilder()
            .setMaxActiveDownstreamConnections(maxConnections)
            .build();
    return OverloadManager.newBuilder()
        .addResourceMonitors(
            ResourceMonitor.newBuilder()
                .setName("envoy.resource_monitors.global_downstream_max_connections")
                .setTypedConfig(Any.pack(limit)))
        .build();
  }

  private static Address address(BindAddress address) {
    return Address.newBuilder()
        .setSocketAddress(
            SocketAddress.newBuilder().setAddress(address.host()).setPortValue(address.port()))
        .build();
  }
}
