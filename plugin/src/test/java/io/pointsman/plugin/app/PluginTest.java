package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.PluginFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import io.pointsman.common.ConfigException;
import io.pointsman.plugin.extproc.FakeEnvoy;
import io.pointsman.plugin.extproc.SilentTcpProxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PluginTest {
  @TempDir private Path folder;

  @Test
  void requestIsDecidedAndItsReservationGivenBack() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      FakeEnvoy envoy = fixture.open().chatHeaders().body(FakeEnvoy.CHAT);
      envoy.reply();
      HeaderMutation mutation = envoy.reply().getRequestBody().getResponse().getHeaderMutation();

      assertThat(FakeEnvoy.set(mutation).get("target-pod")).isIn("10.0.0.1:8000", "10.0.0.2:8000");
      assertThat(fixture.inFlight()).isOne();

      envoy.halfClose();
      await().atMost(LONG).until(fixture::inFlight, count -> count == 0);
      assertThat(fixture.get("/metrics").body())
          .contains("pointsman_requests_total{", "model=\"llama\"")
          .contains("jvm_memory_used_bytes{", "process_uptime_seconds", "pointsman_build_info{");
    }
  }

  @Test
  void changeOfTheModelsFileIsTakenOverLive() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      Files.writeString(
          folder.resolve("models.yaml"),
          "models: [{name: mistral, engine: vllm, endpoints: [\"10.0.0.3:8000\"]}]");
      await().atMost(LONG).until(() -> fixture.get("/v1/models").body().contains("mistral"));

      Files.writeString(folder.resolve("models.yaml"), "models: [{nam: mistral}]");
      await()
          .atMost(LONG)
          .until(() -> fixture.readyz().get("discovery").getAsString().startsWith("refused"));
      assertThat(fixture.get("/readyz").statusCode()).isEqualTo(200);
      assertThat(fixture.get("/v1/models").body()).contains("mistral");
    }
  }

  @Test
  void healthServicesFollowReadiness_livenessDoesNot() throws Exception {
    try (var fixture = PluginFixture.start(folder, Map.of(Setting.WARM_UP_TIME, "1s"))) {
      assertThat(fixture.health("liveness")).isEqualTo(ServingStatus.SERVING);

      await().atMost(LONG).until(() -> fixture.health("readiness") == ServingStatus.SERVING);
      assertThat(fixture.health("")).isEqualTo(ServingStatus.SERVING);
      assertThat(fixture.health("envoy.service.ext_proc.v3.ExternalProcessor"))
          .isEqualTo(ServingStatus.SERVING);
      assertThat(fixture.get("/readyz").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void reflectionListsTheServices() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      assertThat(servicesOf(fixture))
          .contains("envoy.service.ext_proc.v3.ExternalProcessor", "grpc.health.v1.Health")
          .doesNotContain("envoy.service.accesslog.v3.AccessLogService");
    }
  }

  @Test
  void accessLogIsReceivedIfAskedFor() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of(Setting.ACCESS_LOG, "true"))) {
      assertThat(servicesOf(fixture)).contains("envoy.service.accesslog.v3.AccessLogService");
    }
  }

  private static List<String> servicesOf(PluginFixture fixture) throws Exception {
    var answer = new CompletableFuture<ServerReflectionResponse>();
    StreamObserver<ServerReflectionRequest> request =
        ServerReflectionGrpc.newStub(fixture.channel())
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable e) {
                    answer.completeExceptionally(e);
                  }

                  @Override
                  public void onCompleted() {}
                });
    request.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    request.onCompleted();
    return answer.get(30, TimeUnit.SECONDS).getListServicesResponse().getServiceList().stream()
        .map(ServiceResponse::getName)
        .toList();
  }

  @Test
  void httpPortAnswersWhatOperatorsAsk() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      assertThat(fixture.get("/healthz").body()).isEqualTo("ok\n");
      assertThat(fixture.readyz().get("ready").getAsBoolean()).isTrue();
      assertThat(fixture.readyz().get("discovery").getAsString()).isEqualTo("ok");
      assertThat(fixture.readyz().get("redis").getAsString()).isEqualTo("off");
      assertThat(fixture.get("/v1/models").body()).contains("\"id\":\"llama\"", "\"id\":\"qwen\"");
      assertThat(fixture.endpoints().getModels(1).getEndpoints(0).getAddress())
          .isEqualTo("[fd00::1]:9000");
      assertThat(fixture.get("/").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void debugHasItsOwnPortIfItIsGivenOne() throws Exception {
    var settings = Map.of(Setting.DEBUG_BIND_ADDRESS, "127.0.0.1:0");
    try (var fixture = PluginFixture.ready(folder, settings)) {
      HttpResponse<String> own =
          fixture.get(fixture.plugin.debugPort().orElseThrow(), "/debug/endpoints");

      assertThat(own.statusCode()).isEqualTo(200);
      assertThat(fixture.get("/debug/endpoints").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void bodyOfExactlyEnvoysBufferLimitPasses() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      FakeEnvoy envoy = fixture.open().chatHeaders().body(chatOf(4 << 20));

      assertThat(envoy.reply().hasRequestHeaders()).isTrue();
      assertThat(envoy.reply().hasRequestBody()).isTrue();
      assertThat(fixture.inFlight()).isOne();
      envoy.cancel();
      await().atMost(LONG).until(fixture::inFlight, count -> count == 0);
    }
  }

  @Test
  void messageOverTheLimitEndsItsStreamOnly() throws Exception {
    var settings = Map.of(Setting.MAX_MESSAGE_BYTES, "100000");
    try (var fixture = PluginFixture.ready(folder, settings)) {
      FakeEnvoy other = fixture.open().decided();
      FakeEnvoy envoy = fixture.open().decided();
      envoy.send(FakeEnvoy.requestBody(ByteString.copyFrom(new byte[100_001]), true));

      await().atMost(LONG).until(() -> envoy.status() != null);
      assertThat(envoy.ended().getCode())
          .isIn(Status.Code.RESOURCE_EXHAUSTED, Status.Code.CANCELLED);
      await().atMost(LONG).until(fixture::inFlight, count -> count == 1);
      other.responseHeaders(200);
      assertThat(other.reply().hasResponseHeaders()).isTrue();
      assertThat(fixture.get("/metrics").body())
          .contains("protocol_errors_total{kind=\"message_too_large\"} 1.0");
    }
  }

  @Test
  void oneConnectionCarriesNoMoreCallsThanTheSettingSays() throws Exception {
    var settings = Map.of(Setting.MAX_CONCURRENT_CALLS_PER_CONNECTION, "2");
    try (var fixture = PluginFixture.ready(folder, settings)) {
      FakeEnvoy first = fixture.open().decided();
      fixture.open().decided();
      FakeEnvoy third = fixture.open().chatHeaders();
      // Had the third gone out, it would have been answered before this.
      assertThat(first.responseHeaders(200).reply().hasResponseHeaders()).isTrue();
      assertThat(third.pending()).isZero();

      first.halfClose();
      assertThat(third.reply().hasRequestHeaders()).isTrue();
      assertThat(first.ended().getCode()).isEqualTo(Status.Code.OK);
    }
  }

  /** Without a FIN or RST only keepalive can find out; gRPC's shortest is ten seconds. */
  @Test
  void envoyThatVanishesLeaksNoCounts() throws Exception {
    var settings = Map.of(Setting.KEEPALIVE_TIME, "10s", Setting.KEEPALIVE_TIMEOUT, "100ms");
    try (var fixture = PluginFixture.ready(folder, settings);
        var proxy = new SilentTcpProxy(fixture.grpcAddress())) {
      var channel = PluginFixture.channel(proxy.address().getPort());
      FakeEnvoy envoy = PluginFixture.open(channel).decided();
      assertThat(fixture.inFlight()).isOne();
      assertThat(envoy.status()).isNull();

      proxy.fallSilent();

      await().atMost(LONG.multipliedBy(2)).until(fixture::inFlight, count -> count == 0);
      assertThat(fixture.get("/metrics").body()).contains("\npointsman_extproc_streams 0.0\n");
      channel.shutdownNow();
    }
  }

  @Test
  void portThatIsTakenIsNamedWithItsSetting() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      for (Setting setting :
          new Setting[] {
            Setting.GRPC_BIND_ADDRESS, Setting.HTTP_BIND_ADDRESS, Setting.DEBUG_BIND_ADDRESS
          }) {
        assertThatThrownBy(() -> PluginFixture.start(folder, Map.of(setting, address)))
            .isInstanceOf(StartException.class)
            .hasMessage(
                "cannot listen on %s (%s): Address already in use", address, setting.flag());
      }
    }
  }

  @Test
  void badModelsFileIsRefusedWithItsLine() throws Exception {
    Files.writeString(folder.resolve("models.yaml"), "models:\n  - nam: llama\n");

    assertThatThrownBy(() -> PluginFixture.start(folder, Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("models.yaml:2: ");
  }

  @Test
  void ipv6AddressIsListenedOn() throws Exception {
    var settings =
        Map.of(Setting.GRPC_BIND_ADDRESS, "[::1]:0", Setting.HTTP_BIND_ADDRESS, "[::1]:0");
    var flags = PluginFixture.flags(folder, settings);
    try (var plugin = Plugin.start(PluginSettings.of(flags));
        var socket = new Socket(InetAddress.getAllByName("::1")[0], plugin.grpcPort());
        var http = new Socket(InetAddress.getAllByName("::1")[0], plugin.httpPort())) {
      assertThat(socket.isConnected()).isTrue();
      assertThat(http.isConnected()).isTrue();
    }
  }

  private static String chatOf(int bytes) {
    String begin = "{\"model\":\"llama\",\"messages\":[{\"role\":\"user\",\"content\":\"";
    String end = "\"}]}";
    return begin + "x".repeat(bytes - begin.length() - end.length()) + end;
  }
}
