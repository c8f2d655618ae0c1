package io.pointsman.plugin.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.pointsman.plugin.extproc.FakeEnvoy;
import io.pointsman.proto.admin.v1.EndpointReport;
import io.pointsman.proto.admin.v1.EndpointsReport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** A whole plugin on free loopback ports, with two models behind it, and clients for it. */
final class PluginFixture implements AutoCloseable {
  static final String MODELS =
      """
      models:
        - {name: llama, engine: vllm, endpoints: ["10.0.0.1:8000", "10.0.0.2:8000"]}
        - {name: qwen, engine: vllm, endpoints: ["[fd00::1]:9000"]}
      """;

  /** Longer than anything takes that works, also on a busy machine. */
  static final Duration LONG = Duration.ofSeconds(30);

  final Plugin plugin;
  private final ManagedChannel channel;
  private final HttpClient http = HttpClient.newHttpClient();

  private PluginFixture(Plugin plugin) {
    this.plugin = plugin;
    channel = channel(plugin.grpcPort());
  }

  /** Starts a plugin without waiting for it to be ready. */
  static PluginFixture start(Path folder, Map<Setting, String> settings) throws Exception {
    return new PluginFixture(Plugin.start(PluginSettings.of(flags(folder, settings))));
  }

  /** Starts a plugin and waits until it is ready. */
  static PluginFixture ready(Path folder, Map<Setting, String> settings) throws Exception {
    var fixture = start(folder, settings);
    await().atMost(LONG).until(() -> fixture.get("/readyz").statusCode() == 200);
    return fixture;
  }

  /** Free ports, a models file, no warm-up and a short grace time, unless set otherwise. */
  static Map<Setting, String> flags(Path folder, Map<Setting, String> settings) throws IOException {
    Path models = folder.resolve("models.yaml");
    if (!Files.exists(models)) {
      Files.writeString(models, MODELS);
    }
    var flags = new EnumMap<Setting, String>(Setting.class);
    flags.put(Setting.GRPC_BIND_ADDRESS, "127.0.0.1:0");
    flags.put(Setting.HTTP_BIND_ADDRESS, "127.0.0.1:0");
    flags.put(Setting.ENDPOINTS_CONFIG, models.toString());
    flags.put(Setting.WARM_UP_TIME, "0s");
    flags.put(Setting.DRAIN_GRACE, "0s");
    flags.putAll(settings);
    return flags;
  }

  static ManagedChannel channel(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  ManagedChannel channel() {
    return channel;
  }

  /** Opens a stream as Envoy does for one HTTP request. */
  FakeEnvoy open() {
    return open(channel);
  }

  static FakeEnvoy open(ManagedChannel channel) {
    return new FakeEnvoy(ExternalProcessorGrpc.newStub(channel));
  }

  InetSocketAddress grpcAddress() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), plugin.grpcPort());
  }

  ServingStatus health(String service) {
    var request = HealthCheckRequest.newBuilder().setService(service).build();
    return HealthGrpc.newBlockingStub(channel).check(request).getStatus();
  }

  HttpResponse<String> get(String path) {
    return get(plugin.httpPort(), path);
  }

  HttpResponse<String> get(int port, String path) {
    try {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          BodyHandlers.ofString(UTF_8));
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  JsonObject readyz() {
    return JsonParser.parseString(get("/readyz").body()).getAsJsonObject();
  }

  EndpointsReport endpoints() {
    var report = EndpointsReport.newBuilder();
    try {
      JsonFormat.parser().merge(get("/debug/endpoints").body(), report);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return report.build();
  }

  /** Requests in flight on all endpoints together. */
  int inFlight() {
    return endpoints().getModelsList().stream()
        .flatMap(model -> model.getEndpointsList().stream())
        .mapToInt(EndpointReport::getInFlight)
        .sum();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    plugin.close();
  }
}
