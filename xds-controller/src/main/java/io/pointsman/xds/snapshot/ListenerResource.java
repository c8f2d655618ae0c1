package io.pointsman.xds.snapshot;

import com.google.protobuf.BoolValue;
import com.google.protobuf.UInt64Value;
import io.envoyproxy.envoy.config.accesslog.v3.AccessLog;
import io.envoyproxy.envoy.config.common.mutation_rules.v3.HeaderMutation;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.CommonGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ServerHeaderTransformation;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.pointsman.xds.settings.ClientTrafficPolicy;
import io.pointsman.xds.settings.Settings;

/**
 * The listener: connection limit, then HTTP. What protects paths and headers is set as Envoy
 * Gateway sets it.
 */
final class ListenerResource {
  private ListenerResource() {}

  static Listener from(Settings settings, String pluginCluster) {
    return Listener.newBuilder()
        .setName(Names.LISTENER)
        .setAddress(address(settings.listener()))
        .setPerConnectionBufferLimitBytes(Protos.uint32(settings.listenerBufferBytes()))
        .setMaxConnectionsToAcceptPerSocketEvent(Protos.uint32(1))
        .addFilterChains(
            FilterChain.newBuilder()
                .setName(Names.LISTENER)
                .addFilters(connectionLimit(settings.clientTrafficPolicy().connection()))
                .addFilters(
                    Filter.newBuilder()
                        .setName("envoy.filters.network.http_connection_manager")
                        .setTypedConfig(Protos.pack(connectionManager(settings, pluginCluster)))))
        .build();
  }

  private static Address address(io.pointsman.xds.settings.Listener listener) {
    var socket =
        SocketAddress.newBuilder()
            .setAddress(listener.address())
            .setPortValue(listener.port())
            .setIpv4Compat(listener.address().equals("::"));
    return Address.newBuilder().setSocketAddress(socket).build();
  }

  private static Filter connectionLimit(ClientTrafficPolicy.Connection connection) {
    var filter =
        ConnectionLimit.newBuilder()
            .setStatPrefix("pointsman")
            .setMaxConnections(UInt64Value.of(connection.connectionLimit().value()))
            .build();
    return Filter.newBuilder()
        .setName("envoy.filters.network.connection_limit")
        .setTypedConfig(Protos.pack(filter))
        .build();
  }

  private static HttpConnectionManager connectionManager(Settings settings, String pluginCluster) {
    ClientTrafficPolicy client = settings.clientTrafficPolicy();
    ClientTrafficPolicy.Http timeout = client.timeout().http();
    var manager =
        HttpConnectionManager.newBuilder()
            .setStatPrefix("pointsman")
            .setRds(routes())
            .setCommonHttpProtocolOptions(
                HttpProtocolOptions.newBuilder()
                    .setIdleTimeout(Protos.duration(timeout.idleTimeout()))
                    // target_pod must not be taken for target-pod by anything behind us.
                    .setHeadersWithUnderscoresAction(HeadersWithUnderscoresAction.REJECT_REQUEST))
            .setHttp2ProtocolOptions(http2(client.http2(), settings.streamWindowBytes()))
            .setRequestTimeout(Protos.duration(timeout.requestReceivedTimeout()))
            .setStreamIdleTimeout(Protos.duration(timeout.streamIdleTimeout()))
            .setUseRemoteAddress(BoolValue.of(true))
            .setNormalizePath(BoolValue.of(true))
            .setMergeSlashes(true)
            .setPathWithEscapedSlashesAction(PathWithEscapedSlashesAction.UNESCAPE_AND_REDIRECT)
            .setServerHeaderTransformation(ServerHeaderTransformation.PASS_THROUGH)
            .setPreserveExternalRequestId(settings.envoyPatchPolicy().preserveExternalRequestID())
            .addEarlyHeaderMutationExtensions(removeControlHeaders())
            .setLocalReplyConfig(ErrorReplies.localReplies(settings.gatewayPlugin()))
            .addHttpFilters(ExtProcFilter.from(settings.gatewayPlugin()))
            .addHttpFilters(router());
    if (settings.accessLog().enabled()) {
      manager.addAccessLog(accessLog(pluginCluster));
    }
    return manager.build();
  }

  private static Rds routes() {
    return Rds.newBuilder()
        .setRouteConfigName(Names.ROUTES)
        .setConfigSource(
            ConfigSource.newBuilder()
                .setAds(AggregatedConfigSource.getDefaultInstance())
                .setResourceApiVersion(ApiVersion.V3))
        .build();
  }

  private static Http2ProtocolOptions http2(ClientTrafficPolicy.Http2 client, long streamWindow) {
    return Http2ProtocolOptions.newBuilder()
        .setMaxConcurrentStreams(Protos.uint32(client.maxConcurrentStreams()))
        .setInitialStreamWindowSize(Protos.uint32(streamWindow))
        .setInitialConnectionWindowSize(Protos.uint32(client.initialConnectionWindowSize()))
        .build();
  }

  private static TypedExtensionConfig removeControlHeaders() {
    var removal =
        io.envoyproxy.envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation
            .newBuilder();
    for (String header : ControlHeaders.PLUGIN) {
      removal.addMutations(HeaderMutation.newBuilder().setRemove(header));
    }
    for (String header : ControlHeaders.ROUTER) {
      removal.addMutations(HeaderMutation.newBuilder().setRemove(header));
    }
    return TypedExtensionConfig.newBuilder()
        .setName("envoy.http.early_header_mutation.header_mutation")
        .setTypedConfig(Protos.pack(removal.build()))
        .build();
  }

  private static HttpFilter router() {
    return HttpFilter.newBuilder()
        .setName("envoy.filters.http.router")
        .setTypedConfig(Protos.pack(Router.newBuilder().setSuppressEnvoyHeaders(true).build()))
        .build();
  }

  private static AccessLog accessLog(String pluginCluster) {
    var log =
        HttpGrpcAccessLogConfig.newBuilder()
            .setCommonConfig(
                CommonGrpcAccessLogConfig.newBuilder()
                    .setLogName("pointsman")
                    .setTransportApiVersion(ApiVersion.V3)
                    .setGrpcService(
                        GrpcService.newBuilder()
                            .setEnvoyGrpc(
                                GrpcService.EnvoyGrpc.newBuilder().setClusterName(pluginCluster))))
            .addAdditionalRequestHeadersToLog(Names.TARGET_POD)
            .build();
    return AccessLog.newBuilder()
        .setName("envoy.access_loggers.http_grpc")
        .setTypedConfig(Protos.pack(log))
        .build();
  }
}
