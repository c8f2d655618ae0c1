package io.pointsman.plugin.app;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts gRPC servers. */
final class GrpcServers {
  private static final int HANDSHAKE_TIMEOUT_SECONDS = 10;

  private GrpcServers() {}

  /**
   * Starts a server whose services run on the event loops: none of them may block.
   *
   * @throws StartException if the address cannot be bound
   */
  static Server start(
      GrpcSettings settings,
      ServerCredentials credentials,
      List<BindableService> services,
      ServerStreamTracer.Factory tracers)
      throws StartException {
    var builder =
        NettyServerBuilder.forAddress(settings.bindAddress().toSocketAddress(), credentials)
            .directExecutor()
            .maxInboundMessageSize(settings.maxMessageBytes())
            .maxConcurrentCallsPerConnection(settings.maxConcurrentCallsPerConnection())
            .handshakeTimeout(HANDSHAKE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            // A vanished Envoy is noticed, and the counts of its requests come back.
            .keepAliveTime(settings.keepaliveTime().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(settings.keepaliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
            // By default Envoy's own keepalive would be answered with GOAWAY "too_many_pings".
            .permitKeepAliveTime(settings.permitKeepaliveTime().toMillis(), TimeUnit.MILLISECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addStreamTracerFactory(tracers);
    services.forEach(builder::addService);
    try {
      return builder.build().start();
    } catch (IOException e) {
      throw StartException.cannotListen(Setting.GRPC_BIND_ADDRESS, settings.bindAddress(), e);
    }
  }
}
