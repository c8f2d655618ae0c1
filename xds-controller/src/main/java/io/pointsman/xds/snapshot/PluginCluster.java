package io.pointsman.xds.snapshot;

import com.google.protobuf.BoolValue;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.OutlierDetection;
import io.envoyproxy.envoy.config.core.v3.HealthCheck;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.KeepaliveSettings;
import io.envoyproxy.envoy.extensions.clusters.common.dns.v3.DnsLookupFamily;
import io.envoyproxy.envoy.extensions.clusters.dns.v3.DnsCluster;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig;
import io.envoyproxy.envoy.type.v3.Percent;
import io.pointsman.xds.settings.Address;
import io.pointsman.xds.settings.BackendSettings;
import io.pointsman.xds.settings.BackendTrafficPolicy;
import io.pointsman.xds.settings.GatewayPlugin;
import java.util.List;

/** The clusters of the plugin's two ports. */
final class PluginCluster {
  private static final int NAME_HASH_BYTES = 4;

  private PluginCluster() {}

  /** The gRPC port, which ext_proc uses. Its name ends with a hash of its content. */
  static Cluster grpc(GatewayPlugin plugin) {
    BackendSettings backend = plugin.extProc().backendSettings();
    var http2 =
        Http2ProtocolOptions.newBuilder()
            .setConnectionKeepalive(
                KeepaliveSettings.newBuilder()
                    .setInterval(Protos.duration(backend.http2().connectionKeepalive().interval()))
                    .setTimeout(Protos.duration(backend.http2().connectionKeepalive().timeout())));
    var options =
        HttpProtocolOptions.newBuilder()
            .setCommonHttpProtocolOptions(ClusterParts.commonOptions(backend.circuitBreaker()))
            .setExplicitHttpConfig(ExplicitHttpConfig.newBuilder().setHttp2ProtocolOptions(http2))
            .build();
    var cluster =
        cluster(Names.PLUGIN, plugin.addresses(), backend)
            .setAltStatName(Names.PLUGIN)
            .setLbPolicy(Cluster.LbPolicy.LEAST_REQUEST)
            .setCircuitBreakers(ClusterParts.breakers(backend.circuitBreaker()))
            .putTypedExtensionProtocolOptions(ClusterParts.HTTP_OPTIONS, Protos.pack(options))
            .addHealthChecks(readiness(backend.healthCheck().active()));
    if (backend.healthCheck().passive().consecutiveErrors() > 0) {
      cluster.setOutlierDetection(ejection(backend.healthCheck().passive()));
    }
    return named(cluster);
  }

  private static Cluster named(Cluster.Builder cluster) {
    String name = Names.PLUGIN + "_" + Protos.fingerprint(cluster.build(), NAME_HASH_BYTES);
    cluster.setName(name).getLoadAssignmentBuilder().setClusterName(name);
    return cluster.build();
  }

  /** The HTTP port, which lists the models. */
  static Cluster http(GatewayPlugin plugin, BackendTrafficPolicy policy) {
    var options =
        HttpProtocolOptions.newBuilder()
            .setCommonHttpProtocolOptions(ClusterParts.commonOptions(policy.circuitBreaker()))
            .setExplicitHttpConfig(
                ExplicitHttpConfig.newBuilder()
                    .setHttpProtocolOptions(Http1ProtocolOptions.getDefaultInstance()))
            .build();
    return cluster(Names.PLUGIN_HTTP, plugin.httpAddresses(), plugin.extProc().backendSettings())
        .setCircuitBreakers(ClusterParts.breakers(policy.circuitBreaker()))
        .putTypedExtensionProtocolOptions(ClusterParts.HTTP_OPTIONS, Protos.pack(options))
        .build();
  }

  private static Cluster.Builder cluster(
      String name, List<Address> addresses, BackendSettings backend) {
    var cluster =
        Cluster.newBuilder()
            .setName(name)
            .setConnectTimeout(Protos.duration(backend.timeout().tcp().connectTimeout()))
            .setUpstreamConnectionOptions(ClusterParts.tcpKeepalive(backend.tcpKeepalive()))
            .setLoadAssignment(ClusterParts.endpoints(name, addresses))
            // An instance that left the list gets no new stream, however healthy it still is.
            .setIgnoreHealthOnHostRemoval(true)
            // Without a healthy instance fail at once, rather than try the unhealthy ones.
            .setCommonLbConfig(
                Cluster.CommonLbConfig.newBuilder()
                    .setHealthyPanicThreshold(Percent.getDefaultInstance()));
    if (addresses.stream().allMatch(Address::isIp)) {
      return cluster.setType(Cluster.DiscoveryType.STATIC);
    }
    return cluster.setClusterType(dns(backend.dns()));
  }

  /** STRICT_DNS in its newer form: every address behind the names is an instance. */
  private static Cluster.CustomClusterType dns(BackendSettings.Dns dns) {
    return Cluster.CustomClusterType.newBuilder()
        .setName("envoy.cluster.dns")
        .setTypedConfig(
            Protos.pack(
                DnsCluster.newBuilder()
                    .setDnsRefreshRate(Protos.duration(dns.dnsRefreshRate()))
                    .setDnsLookupFamily(DnsLookupFamily.V4_PREFERRED)
                    .build()))
        .build();
  }

  private static HealthCheck readiness(BackendSettings.Active check) {
    return HealthCheck.newBuilder()
        .setInterval(Protos.duration(check.interval()))
        .setTimeout(Protos.duration(check.timeout()))
        .setUnhealthyThreshold(Protos.uint32(check.unhealthyThreshold()))
        .setHealthyThreshold(Protos.uint32(check.healthyThreshold()))
        // Envoy would check a cluster without traffic only each 60 s.
        .setNoTrafficInterval(Protos.duration(check.interval()))
        .setGrpcHealthCheck(HealthCheck.GrpcHealthCheck.newBuilder().setServiceName("readiness"))
        .build();
  }

  private static OutlierDetection ejection(BackendSettings.Passive passive) {
    return OutlierDetection.newBuilder()
        .setConsecutive5Xx(Protos.uint32(passive.consecutiveErrors()))
        .setInterval(Protos.duration(passive.interval()))
        .setBaseEjectionTime(Protos.duration(passive.baseEjectionTime()))
        .setMaxEjectionPercent(Protos.uint32(passive.maxEjectionPercent()))
        .setEnforcingSuccessRate(Protos.uint32(0))
        .setSuccessfulActiveHealthCheckUnejectHost(BoolValue.of(true))
        .build();
  }
}
