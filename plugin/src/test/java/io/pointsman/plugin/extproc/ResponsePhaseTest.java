package io.pointsman.plugin.extproc;

import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.BUFFERED;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.NONE;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.STREAMED;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Value;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.proto.admin.v1.State;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResponsePhaseTest {
  @Test
  void clientIsToldWhoServed() {
    try (var fixture = new ExtProcFixture()) {
      var envoy =
          fixture
              .open()
              .decided("x-request-id", "r-7")
              .responseHeaders(200, "target-pod", "said by the pod");

      assertThat(set(envoy.reply()))
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "x-went-into-req-headers", "true",
                  "request-id", "r-7",
                  "routing-strategy", "random",
                  "target-pod", "llama-0",
                  "target-pod-ip", ExtProcFixture.ADDRESS));
    }
  }

  @Test
  void profileThatAppliedIsTold() {
    var topology =
        new Topology(
            List.of(
                ExtProcFixture.modelWithProfile(
                    "llama", "quick", ExtProcFixture.pod("llama-0", ExtProcFixture.ADDRESS))));
    try (var fixture = new ExtProcFixture(ExtProcSettings.DEFAULTS, topology)) {
      var envoy = fixture.open().decided("config-profile", "quick").responseHeaders(200);

      assertThat(set(envoy.reply()))
          .containsEntry("x-aibrix-config-profile", "quick")
          .containsEntry("routing-strategy", "least-request");
    }
  }

  @Test
  void generatedIdIsTheSameForPodAndClient() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().chatHeaders().body(FakeEnvoy.CHAT);
      envoy.reply();
      String sent =
          FakeEnvoy.set(envoy.reply().getRequestBody().getResponse().getHeaderMutation())
              .get("x-request-id");

      envoy.responseHeaders(200);

      assertThat(set(envoy.reply())).containsEntry("request-id", sent);
    }
  }

  @Test
  void podNameThatIsNoHeaderValueDoesNotBreakTheReply() {
    var topology =
        new Topology(
            List.of(
                ExtProcFixture.model(
                    "llama", ExtProcFixture.pod("p\u00e4d\n0", ExtProcFixture.ADDRESS))));
    try (var fixture = new ExtProcFixture(ExtProcSettings.DEFAULTS, topology)) {
      var envoy = fixture.open().decided().responseHeaders(200);

      assertThat(set(envoy.reply())).containsEntry("target-pod", "p?d?0");
    }
  }

  @Test
  void responseHeadersAreLeftAloneWhereThatIsAskedFor() {
    var settings = new ExtProcSettings(1000, null, false, false, true, false, false);
    try (var fixture = new ExtProcFixture(settings, ExtProcFixture.TWO_MODELS)) {
      var envoy = fixture.open().decided().responseHeaders(200);

      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_HEADERS_UNCHANGED);
    }
  }

  /** The upstream's own error goes to the client as it is, in any body mode. */
  @ParameterizedTest
  @ValueSource(ints = {201, 204, 301, 400, 401, 404, 429, 500, 502, 503, 504})
  void errorsOfThePodPassUntouched(int status) {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().modes(BUFFERED, STREAMED).decided();
      envoy.responseHeaders(status).responseBody("{\"error\":", false).responseBody("1}", true);

      ProcessingResponse headers = envoy.reply();
      assertThat(headers.getResponseHeaders().getResponse().hasBodyMutation()).isFalse();
      assertThat(set(headers)).doesNotContainKey(":status").containsKey("target-pod");
      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_BODY_UNCHANGED);
      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_BODY_UNCHANGED);
      assertThat(
              fixture.count(
                  "pointsman.requests", "model", "llama", "code", Integer.toString(status)))
          .isOne();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"STREAMED", "BUFFERED", "BUFFERED_PARTIAL"})
  void bodiesThatComeAlthoughNobodyAskedAreLetThrough(BodySendMode mode) {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().modes(BUFFERED, mode).decided();
      envoy.responseHeaders(200).responseBody("a", false).responseTrailers();
      envoy.reply();

      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_BODY_UNCHANGED);
      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_TRAILERS_UNCHANGED);
    }
  }

  @Test
  void bodyWithoutHeadersIsLetThrough() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().modes(BUFFERED, STREAMED).decided();
      envoy.responseBody("a", true);

      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_BODY_UNCHANGED);
    }
  }

  @Test
  void trailersWithoutHeadersAreLetThrough() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().decided().responseTrailers();

      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_TRAILERS_UNCHANGED);
    }
  }

  @Test
  void failuresInARowSetThePodAside() {
    var topology =
        new Topology(
            List.of(
                ExtProcFixture.model(
                    "llama",
                    ExtProcFixture.pod("llama-0", ExtProcFixture.ADDRESS),
                    ExtProcFixture.pod("llama-1", "10.0.0.2:8000"))));
    try (var fixture = new ExtProcFixture(ExtProcSettings.DEFAULTS, topology)) {
      for (int i = 0; i < 3; i++) {
        refusedConnection(fixture);
      }

      Awaitility.await()
          .atMost(5, TimeUnit.SECONDS)
          .until(
              () ->
                  fixture.registry.describe().getModels(0).getEndpointsList().stream()
                      .anyMatch(e -> e.getState() == State.STATE_SET_ASIDE));
    }
  }

  @Test
  void failuresAreNotReportedWherePassiveHealthIsOff() {
    var settings = new ExtProcSettings(1000, null, false, true, false, false, false);
    try (var fixture = new ExtProcFixture(settings, ExtProcFixture.ONE_MODEL)) {
      refusedConnection(fixture);

      assertThat(fixture.registry.describe().getModels(0).getEndpoints(0).getConsecutiveFailures())
          .isZero();
    }
  }

  @Test
  void endIsToldAsFarAsItIsSeen() {
    try (var fixture = new ExtProcFixture()) {
      fixture.open().decided().responseHeaders(200).halfClose();
      fixture
          .open()
          .modes(BUFFERED, STREAMED)
          .decided()
          .responseHeaders(200)
          .responseBody("a", true)
          .cancel();
      fixture
          .open()
          .modes(BUFFERED, STREAMED)
          .decided()
          .responseHeaders(200)
          .responseBody("a", false)
          .halfClose();
      fixture
          .open()
          .modes(BUFFERED, NONE)
          .decided()
          .send(FakeEnvoy.responseHeaders(204, true))
          .cancel();

      assertThat(ended(fixture, "ended")).isOne();
      assertThat(ended(fixture, "completed")).isEqualTo(2);
      assertThat(ended(fixture, "interrupted")).isOne();
    }
  }

  @Test
  void requestWhoseAnswerWasNotSeenCountsWithoutACode() {
    try (var fixture = new ExtProcFixture()) {
      fixture.open().decided().cancel();

      assertThat(
              fixture.count(
                  "pointsman.requests", "model", "llama", "strategy", "random", "code", "none"))
          .isOne();
    }
  }

  private static void refusedConnection(ExtProcFixture fixture) {
    ProcessingRequest attributes =
        UpstreamOutcomeTest.message(
            "upstream_reset_before_response_started{connection_failure}",
            Value.newBuilder().setNumberValue(32).build());
    var envoy = fixture.open().decided();
    envoy.send(
        FakeEnvoy.responseHeaders(503, false).putAllAttributes(attributes.getAttributesMap()));
    envoy.cancel();
  }

  private static double ended(ExtProcFixture fixture, String outcome) {
    return fixture.count("pointsman.requests.ended", "model", "llama", "outcome", outcome);
  }

  private static Map<String, String> set(ProcessingResponse reply) {
    return FakeEnvoy.set(reply.getResponseHeaders().getResponse().getHeaderMutation());
  }
}
