package io.pointsman.plugin.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class HalfOpenConnectionTest {
  /**
   * Without a FIN or RST only the server's keepalive can find out. It takes ten seconds: gRPC makes
   * that of any shorter time.
   */
  @Test
  void envoyThatVanishesLeaksNoCounts() throws IOException {
    try (var fixture = new ExtProcFixture()) {
      Server server =
          NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .directExecutor()
              .keepAliveTime(10, TimeUnit.SECONDS)
              .keepAliveTimeout(100, TimeUnit.MILLISECONDS)
              .addService(fixture.service)
              .build()
              .start();
      var target = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort());
      try (var proxy = new SilentTcpProxy(target)) {
        ManagedChannel channel =
            NettyChannelBuilder.forAddress(proxy.address()).usePlaintext().build();
        new FakeEnvoy(ExternalProcessorGrpc.newStub(channel)).decided();
        assertThat(fixture.inFlight()).isOne();

        proxy.fallSilent();

        Awaitility.await()
            .atMost(40, TimeUnit.SECONDS)
            .untilAsserted(() -> assertThat(fixture.inFlight()).isZero());
        assertThat(fixture.service.openStreams()).isZero();
        channel.shutdownNow();
      } finally {
        server.shutdownNow();
      }
    }
  }
}
