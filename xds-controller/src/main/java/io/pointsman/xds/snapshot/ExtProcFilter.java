package io.pointsman.xds.snapshot;

import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.core.v3.BackoffStrategy;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import io.envoyproxy.envoy.config.core.v3.RetryPolicy;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExtProcOverrides;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.MetadataOptions;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.pointsman.xds.settings.BackendSettings;
import io.pointsman.xds.settings.GatewayPlugin;
import io.pointsman.xds.settings.RequestBodyMode;
import io.pointsman.xds.settings.ResponseBodyMode;

/** The filter that asks the plugin. */
final class ExtProcFilter {
  /** {@code ExternalProcessor.status_on_error}, which the API classes at hand don't have yet. */
  private static final int STATUS_ON_ERROR_FIELD = 24;

  private ExtProcFilter() {}

  /**
   * The filter, switched off and without the cluster: {@link #onRoutes} switches it on and names
   * the cluster, so that a new cluster serves the next request of every client connection, and the
   * listener need not change. What matches no route, such as {@code OPTIONS *}, Envoy answers by
   * itself, and does not ask.
   */
  static HttpFilter from(GatewayPlugin plugin) {
    return HttpFilter.newBuilder()
        .setName(Names.EXT_PROC_FILTER)
        .setDisabled(true)
        .setTypedConfig(Protos.pack(processor(plugin)))
        .build();
  }

  private static ExternalProcessor processor(GatewayPlugin plugin) {
    return ExternalProcessor.newBuilder()
        .setGrpcService(service(Names.PLUGIN))
        .setFailureModeAllow(plugin.failOpen())
        .setProcessingMode(mode(plugin.processingMode()))
        .setAllowModeOverride(true)
        .setMessageTimeout(Protos.duration(plugin.messageTimeout()))
        .setMaxMessageTimeout(Protos.duration(plugin.maxMessageTimeout()))
        // Told with the response headers; they set a pod's failure apart from a limit of Envoy's.
        .addResponseAttributes("response.code_details")
        .addResponseAttributes("response.flags")
        .setMetadataOptions(
            MetadataOptions.newBuilder()
                .setReceivingNamespaces(
                    MetadataOptions.MetadataNamespaces.newBuilder()
                        .addUntyped(Names.METADATA_NAMESPACE)))
        .setStatPrefix("pointsman")
        .setUnknownFields(statusOnError(plugin.statusOnError()))
        .build();
  }

  /** What routes add: that the filter is on, and the cluster to ask. */
  static ExtProcPerRoute onRoutes(String pluginCluster, BackendSettings.Retry retry) {
    GrpcService.Builder service = service(pluginCluster);
    long retries = retry.numRetries();
    if (retries > 0) {
      service.setRetryPolicy(
          RetryPolicy.newBuilder()
              .setNumRetries(Protos.uint32(retries))
              .setRetryOn("connect-failure,refused-stream,reset-before-request")
              // Envoy's default would make the client wait for half a second.
              .setRetryBackOff(
                  BackoffStrategy.newBuilder()
                      .setBaseInterval(Durations.fromMillis(10))
                      .setMaxInterval(Durations.fromMillis(50))));
    }
    return ExtProcPerRoute.newBuilder()
        .setOverrides(ExtProcOverrides.newBuilder().setGrpcService(service))
        .build();
  }

  private static GrpcService.Builder service(String cluster) {
    return GrpcService.newBuilder()
        .setEnvoyGrpc(GrpcService.EnvoyGrpc.newBuilder().setClusterName(cluster));
  }

  private static UnknownFieldSet statusOnError(int code) {
    var status = HttpStatus.newBuilder().setCodeValue(code).build();
    return UnknownFieldSet.newBuilder()
        .addField(
            STATUS_ON_ERROR_FIELD,
            UnknownFieldSet.Field.newBuilder().addLengthDelimited(status.toByteString()).build())
        .build();
  }

  private static ProcessingMode mode(GatewayPlugin.ProcessingMode mode) {
    RequestBodyMode body = mode.request().body();
    return ProcessingMode.newBuilder()
        .setRequestHeaderMode(HeaderSendMode.SEND)
        .setRequestBodyMode(request(body))
        // Envoy takes FULL_DUPLEX_STREAMED with trailers only.
        .setRequestTrailerMode(
            body == RequestBodyMode.FULL_DUPLEX_STREAMED
                ? HeaderSendMode.SEND
                : HeaderSendMode.SKIP)
        .setResponseHeaderMode(
            mode.response().headers() ? HeaderSendMode.SEND : HeaderSendMode.SKIP)
        .setResponseBodyMode(response(mode.response().body()))
        // Keeps the stream open to the end of the answer, so that the plugin learns of it.
        .setResponseTrailerMode(HeaderSendMode.SEND)
        .build();
  }

  private static BodySendMode request(RequestBodyMode mode) {
    return switch (mode) {
      case NONE -> BodySendMode.NONE;
      case BUFFERED -> BodySendMode.BUFFERED;
      case BUFFERED_PARTIAL -> BodySendMode.BUFFERED_PARTIAL;
      case STREAMED -> BodySendMode.STREAMED;
      case FULL_DUPLEX_STREAMED -> BodySendMode.FULL_DUPLEX_STREAMED;
    };
  }

  private static BodySendMode response(ResponseBodyMode mode) {
    return switch (mode) {
      case NONE -> BodySendMode.NONE;
      case STREAMED -> BodySendMode.STREAMED;
    };
  }
}
