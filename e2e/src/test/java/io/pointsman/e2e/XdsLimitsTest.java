package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.pointsman.e2e.harness.Await;
import io.pointsman.xds.snapshot.ControlHeaders;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Envoy lets through to the plugin and to pods, and what it answers itself. */
class XdsLimitsTest {
  private static final int LIMIT = 4 * 1024 * 1024;
  private static final Duration WAIT = Duration.ofSeconds(20);

  /** gRPC puts a flag and a length before each message. */
  private static final int GRPC_PREFIX = 5;

  @TempDir private static Path folder;

  private static EchoServer pod;
  private static EchoServer pluginHttp;
  private static ScriptedPlugin plugin;
  private static XdsEnvoy envoy;

  @BeforeAll
  static void start() throws Exception {
    pod = new EchoServer();
    pluginHttp = new EchoServer();
    plugin = new ScriptedPlugin(pod.address());
    envoy =
        new XdsEnvoy(
            folder,
            true,
            "gatewayPlugin: {addresses: ['%s'], httpAddresses: ['%s']}"
                .formatted(plugin.address(), pluginHttp.address()));
  }

  @AfterAll
  static void stop() throws Exception {
    envoy.close();
    plugin.close();
    pluginHttp.close();
    pod.close();
  }

  private static void assertTooLarge(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(413);
    assertThat(answer.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(answer.headers().firstValue("x-error-request-body-processing")).hasValue("true");
    assertThat(answer.body())
        .isEqualTo(
            "{\"error\":{\"message\":\"the request body is too large\",\"type\":\"api_error\","
                + "\"code\":null,\"param\":null}}");
  }

  @Test
  void aBodyOfExactlyTheLimitPassesAndOneByteMoreDoesNot() throws Exception {
    assertThat(envoy.post("/", new byte[LIMIT]).body()).isEqualTo("got " + LIMIT);
    assertTooLarge(envoy.post("/", new byte[LIMIT + 1]));
  }

  @Test
  void theLimitIsTheSameWithoutALength() throws Exception {
    assertThat(chunked(LIMIT).body()).isEqualTo("got " + LIMIT);
    assertTooLarge(chunked(LIMIT + 1));
  }

  private static HttpResponse<String> chunked(int length) throws Exception {
    var body = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[length]));
    return envoy.http().send(envoy.request("/").POST(body).build(), BodyHandlers.ofString());
  }

  /** A gRPC client is an HTTP/2 client that every machine has. */
  @Test
  void theLimitIsTheSameWithHttp2() throws Exception {
    ManagedChannel channel =
        Grpc.newChannelBuilderForAddress(
                "127.0.0.1", envoy.port(), InsecureChannelCredentials.create())
            .build();
    try {
      call(channel, LIMIT - GRPC_PREFIX);
      assertThat(pod.bodyLengths()).contains(LIMIT);
      int before = pod.bodyLengths().size();
      call(channel, LIMIT - GRPC_PREFIX + 1);
      assertThat(pod.bodyLengths()).hasSize(before);
    } finally {
      channel.shutdownNow();
    }
  }

  /** The pod does not speak gRPC, so that every call fails for its client. */
  private static void call(ManagedChannel channel, int length) {
    try {
      ClientCalls.blockingUnaryCall(
          channel,
          MethodDescriptor.<byte[], byte[]>newBuilder()
              .setType(MethodDescriptor.MethodType.UNARY)
              .setFullMethodName("any/thing")
              .setRequestMarshaller(new Bytes())
              .setResponseMarshaller(new Bytes())
              .build(),
          CallOptions.DEFAULT.withDeadlineAfter(WAIT.toSeconds(), TimeUnit.SECONDS),
          new byte[length]);
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isNotNull();
    }
  }

  private record Bytes() implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      return new byte[0];
    }
  }

  @Test
  void nothingThatOnlyThePluginMaySetReachesIt() throws Exception {
    var request = envoy.request("/headers").POST(BodyPublishers.ofString("x"));
    for (String header : ControlHeaders.PLUGIN) {
      request.header(header, "127.0.0.1:1").header(header.toUpperCase(Locale.ROOT), "again");
    }
    request.header("x-envoy-upstream-rq-timeout-ms", "1").header("x-envoy-retry-on", "5xx");
    request.header("routing-strategy", "random");

    HttpResponse<String> answer = envoy.http().send(request.build(), BodyHandlers.ofString());

    assertThat(answer.body()).isEqualTo("got 1");
    Set<String> seen = headersOf("/headers");
    assertThat(seen)
        .contains("routing-strategy")
        .doesNotContainAnyElementsOf(ControlHeaders.PLUGIN);
    assertThat(seen).noneMatch(name -> name.startsWith("x-envoy-upstream"));
    assertThat(seen).doesNotContain("x-envoy-retry-on");
  }

  private static Set<String> headersOf(String path) {
    for (ProcessingRequest message : plugin.messages()) {
      var names = new HashSet<String>();
      boolean wanted = false;
      for (HeaderValue header : message.getRequestHeaders().getHeaders().getHeadersList()) {
        names.add(header.getKey());
        wanted |= header.getRawValue().toStringUtf8().equals(path);
      }
      if (wanted) {
        return names;
      }
    }
    throw new AssertionError("the plugin saw no request for " + path);
  }

  @Test
  void theListOfModelsComesFromThePluginsHttpPortAndTakesNoDecision() throws Exception {
    int before = plugin.messages().size();
    HttpResponse<String> answer =
        envoy.http().send(envoy.request("/v1/models?x=1").build(), BodyHandlers.ofString());
    assertThat(answer.body()).isEqualTo("got 0");
    assertThat(pluginHttp.bodyLengths()).contains(0);
    assertThat(plugin.messages()).hasSize(before);
  }

  @Test
  void whatIsNotPickedIsAnsweredInTheContractsForm() throws Exception {
    plugin.pick(null);
    try {
      HttpResponse<String> answer = envoy.post("/v1/completions", new byte[1]);
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("retry-after")).hasValue("1");
      assertThat(answer.headers().firstValue("content-type")).hasValue("application/json");
      assertThat(answer.body())
          .isEqualTo(
              "{\"error\":{\"message\":\"no endpoint was picked for this request; retry shortly\","
                  + "\"type\":\"overloaded_error\",\"code\":\"service_unavailable\","
                  + "\"param\":null}}");
    } finally {
      plugin.pick(pod.address());
    }
  }

  @Test
  void aPickThatCannotBeReachedSaysNothingOfTheInside() throws Exception {
    plugin.pick("127.0.0.1:1");
    try {
      HttpResponse<String> answer = envoy.post("/v1/completions", new byte[1]);
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("retry-after")).hasValue("1");
      assertThat(answer.body())
          .isEqualTo(
              "{\"error\":{\"message\":\"the model endpoint is not available; retry shortly\","
                  + "\"type\":\"overloaded_error\",\"code\":\"service_unavailable\","
                  + "\"param\":null}}");
      assertThat(answer.headers().map().keySet()).noneMatch(name -> name.startsWith("x-envoy"));
    } finally {
      plugin.pick(pod.address());
    }
  }

  @Test
  void theStreamToThePluginLastsAsLongAsTheAnswer() throws Exception {
    assertThat(envoy.post("/", new byte[3]).body()).isEqualTo("got 3");
    Await.until("no stream is open", WAIT, () -> plugin.openStreams() == 0);
  }
}
