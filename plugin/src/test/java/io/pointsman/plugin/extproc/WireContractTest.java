package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The right behaviours of the wire contract, by their numbers there. Rules 6, 8 and 9 have tests of
 * their own in {@link UsageMetricsTest}, {@link DrainTest} and {@link RejectionTest}; rule 4, which
 * needs the whole plugin, in {@code io.pointsman.plugin.app.RedisIsOptionalTest}.
 */
class WireContractTest {
  private static final String DECOY = "10.66.66.66:666";

  @ParameterizedTest
  @CsvSource({
    ", , random",
    "least-request, , least-request",
    ", quick, least-request",
    "random, quick, random"
  })
  void rule1StrategyIsRandomUnlessHeaderOrProfileSays(
      @Nullable String header, @Nullable String profile, String expected) {
    var topology =
        new Topology(
            List.of(
                new ModelSpec(
                    "llama",
                    "vllm",
                    List.of(ExtProcFixture.pod("llama-0", ExtProcFixture.ADDRESS)),
                    new ModelConfig(
                        null,
                        "default",
                        Map.of(
                            "quick", new Profile("quick", "least-request", Profile.Hints.NONE))))));
    var headers = new ArrayList<String>();
    if (header != null) {
      headers.addAll(List.of("routing-strategy", header));
    }
    if (profile != null) {
      headers.addAll(List.of("config-profile", profile));
    }
    try (var fixture = new ExtProcFixture(ExtProcSettings.DEFAULTS, topology)) {
      var envoy = fixture.open().chatHeaders(headers.toArray(String[]::new)).body(CHAT);
      envoy.reply();

      assertThat(picked(envoy.reply())).containsEntry("routing-strategy", expected);
    }
  }

  static Stream<Arguments> requestsOfAnyShape() {
    var all = new ArrayList<Arguments>();
    for (String method : List.of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT")) {
      for (String path : List.of("/v1/chat/completions", "/v1/completions?a=b", "/any", "*")) {
        for (BodySendMode mode : BodySendMode.values()) {
          if (mode != BodySendMode.UNRECOGNIZED) {
            all.add(Arguments.of(method, path, mode));
          }
        }
      }
    }
    return all.stream();
  }

  /** Either the client's header is gone before anything else happens, or the request is refused. */
  @ParameterizedTest
  @MethodSource("requestsOfAnyShape")
  void rule2NoClientChoosesAnAddress(String method, String path, BodySendMode mode) {
    String[] duplicates = {
      ":method", method, "target-pod", DECOY, "x-gateway-destination-endpoint", DECOY,
      "target-pod", DECOY, "prefill-target-pod", DECOY, "x-prefiller-host-port", DECOY
    };
    for (Topology topology : List.of(ExtProcFixture.ONE_MODEL, ExtProcFixture.TWO_MODELS)) {
      for (boolean onHeaders : new boolean[] {false, true}) {
        var settings = new ExtProcSettings(1000, null, onHeaders, true, true, false, false);
        try (var fixture = new ExtProcFixture(settings, topology)) {
          for (Consumer<FakeEnvoy> rest : bodyShapes()) {
            var envoy = fixture.open().modes(mode, BodySendMode.NONE);
            envoy.send(FakeEnvoy.requestHeaders(path, false, duplicates));
            rest.accept(envoy);
            assertNoDecoy(envoy);
          }
          var envoy = fixture.open().modes(mode, BodySendMode.NONE);
          envoy.send(FakeEnvoy.requestHeaders(path, true, duplicates));
          assertNoDecoy(envoy);
        }
      }
    }
  }

  private static List<Consumer<FakeEnvoy>> bodyShapes() {
    return List.of(
        envoy -> {},
        envoy -> sendIfOpen(envoy, FakeEnvoy.requestBody(ByteString.EMPTY, true)),
        envoy -> sendIfOpen(envoy, FakeEnvoy.requestBody(ByteString.copyFromUtf8(CHAT), true)),
        envoy -> sendIfOpen(envoy, FakeEnvoy.requestBody(ByteString.copyFromUtf8("{"), true)),
        envoy ->
            sendIfOpen(
                envoy,
                ProcessingRequest.newBuilder()
                    .setRequestTrailers(HttpTrailers.getDefaultInstance())));
  }

  private static void sendIfOpen(FakeEnvoy envoy, ProcessingRequest.Builder message) {
    if (envoy.status() == null) {
      envoy.send(message);
    }
  }

  private static void assertNoDecoy(FakeEnvoy envoy) {
    boolean first = true;
    while (envoy.pending() > 0) {
      ProcessingResponse reply = envoy.reply();
      assertThat(reply.toString()).doesNotContain(DECOY);
      if (first && !reply.hasImmediateResponse()) {
        assertThat(
                reply.getRequestHeaders().getResponse().getHeaderMutation().getRemoveHeadersList())
            .containsAll(HeaderRules.REMOVED);
      }
      first = false;
    }
    envoy.cancel();
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      mode = Mode.EXCLUDE,
      names = {"FULL_DUPLEX_STREAMED", "UNRECOGNIZED"})
  void rule3BodyIsNeverSentBack(BodySendMode mode) {
    try (var fixture = new ExtProcFixture(ExtProcSettings.DEFAULTS, ExtProcFixture.ONE_MODEL)) {
      var envoy = fixture.open().modes(mode, BodySendMode.STREAMED).chatHeaders();
      envoy.body(CHAT).responseHeaders(200).responseBody("answer", true);

      for (int i = 0; i < 4; i++) {
        ProcessingResponse reply = envoy.reply();
        assertThat(reply.getRequestBody().getResponse().hasBodyMutation()).isFalse();
        assertThat(reply.getResponseBody().getResponse().hasBodyMutation()).isFalse();
      }
    }
  }

  static Stream<Arguments> endings() {
    return Stream.of(
        ending("half-close", (fixture, envoy) -> envoy.halfClose()),
        ending("cancelled", (fixture, envoy) -> envoy.cancel()),
        ending("out of order", (fixture, envoy) -> envoy.body(CHAT)),
        ending("unknown message", (fixture, envoy) -> envoy.send(ProcessingRequest.newBuilder())),
        ending("drained", (fixture, envoy) -> fixture.service.endDecidedStreams()),
        ending("shut down", (fixture, envoy) -> fixture.shutDownNow()),
        ending(
            "drained, then cancelled",
            (fixture, envoy) -> {
              fixture.service.endDecidedStreams();
              envoy.cancel();
            }),
        ending(
            "half-close, then cancelled",
            (fixture, envoy) -> {
              envoy.halfClose();
              envoy.cancel();
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("endings")
  void rule5ReservationIsReleasedOnceHoweverTheStreamEnds(String name, Ender ender) {
    try (var fixture = new ExtProcFixture()) {
      var other = fixture.open().decided();
      var envoy = fixture.open().decided();
      assertThat(fixture.endpoint().inFlight()).isEqualTo(2);
      boolean all = name.startsWith("drained") || name.startsWith("shut");

      ender.end(fixture, envoy);

      assertThat(fixture.endpoint().inFlight()).isEqualTo(all ? 0 : 1);
      other.cancel();
      assertThat(fixture.endpoint().inFlight()).isZero();
    }
  }

  @Test
  void rule5CountsSurviveAnUpdateOfThePod() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().decided();

      fixture.registry.apply(
          new Topology(
              List.of(
                  ExtProcFixture.model(
                      "llama", ExtProcFixture.pod("renamed", ExtProcFixture.ADDRESS)))));

      assertThat(fixture.endpoint().inFlight()).isOne();
      envoy.halfClose();
      assertThat(fixture.endpoint().inFlight()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(value = BodySendMode.class, mode = Mode.EXCLUDE, names = "UNRECOGNIZED")
  void rule7NothingIsRefusedAfterResponseHeaders(BodySendMode mode) {
    try (var fixture = new ExtProcFixture(ExtProcSettings.DEFAULTS, ExtProcFixture.ONE_MODEL)) {
      var envoy = fixture.open().modes(mode, mode).chatHeaders();
      envoy.responseHeaders(500).body("no json", true);

      assertThat(envoy.pending()).isPositive();
      while (envoy.pending() > 0) {
        assertThat(envoy.reply().hasImmediateResponse()).isFalse();
      }
    }
  }

  @Test
  void rule10PathsAreComparedWithoutTheirQuery() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().headers("/v1/completions?user=1");
      envoy.body("{\"model\":\"llama\",\"prompt\":[\"a\",\"b\"]}");
      envoy.reply();

      assertThat(picked(envoy.reply())).containsEntry("target-pod", ExtProcFixture.ADDRESS);
    }
  }

  @Test
  void rule11AddressesOfIpv6KeepTheirBrackets() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().chatHeaders().body(CHAT.replace("llama", "qwen"));
      envoy.responseHeaders(200);
      envoy.reply();

      assertThat(picked(envoy.reply())).containsEntry("target-pod", "[::1]:9000");
      assertThat(
              FakeEnvoy.set(envoy.reply().getResponseHeaders().getResponse().getHeaderMutation()))
          .containsEntry("target-pod-ip", "[::1]:9000");
    }
  }

  private static Map<String, String> picked(ProcessingResponse reply) {
    return FakeEnvoy.set(reply.getRequestBody().getResponse().getHeaderMutation());
  }

  private static Arguments ending(String name, Ender ender) {
    return Arguments.of(name, ender);
  }

  /** Ends a stream in some way. */
  interface Ender {
    void end(ExtProcFixture fixture, FakeEnvoy envoy);
  }
}
