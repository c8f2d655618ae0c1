package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Status;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestHeaderPhaseTest {
  private final ExtProcFixture fixture = new ExtProcFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void headerReplyRemovesEveryHeaderThatOnlyWeMaySet() {
    var envoy = fixture.open().chatHeaders("target-pod", "10.9.9.9:1", "target-pod", "10.9.9.9:2");

    HeaderMutation mutation = envoy.reply().getRequestHeaders().getResponse().getHeaderMutation();

    assertThat(mutation.getRemoveHeadersList())
        .contains(
            "target-pod",
            "target-pod-ip",
            "prefill-target-pod",
            "prefill-target-pod-ip",
            "x-gateway-destination-endpoint",
            "x-prefiller-host-port",
            "x-aibrix-config-profile");
  }

  /** Envoy can be told to hide headers from us: then we must remove what we do not see. */
  @Test
  void headersAreRemovedThoughNoneWasSeen() {
    var envoy = fixture.open().chatHeaders();

    HeaderMutation mutation = envoy.reply().getRequestHeaders().getResponse().getHeaderMutation();

    assertThat(mutation.getRemoveHeadersList()).contains("target-pod");
  }

  @Test
  void headerReplyClearsTheRouteThatAClientsHeaderMayHaveChosen() {
    var envoy = fixture.open().chatHeaders("target-pod", "10.9.9.9:1");

    assertThat(envoy.reply().getRequestHeaders().getResponse().getClearRouteCache()).isTrue();
  }

  @Test
  void headerReplyKeepsTheBodyModeAndAsksForTrailersSoThatTheStreamStaysOpen() {
    var envoy = fixture.open().chatHeaders();

    var override = envoy.reply().getModeOverride();

    assertThat(override.getRequestBodyMode()).isEqualTo(BodySendMode.BUFFERED);
    assertThat(override.getResponseHeaderMode()).isEqualTo(HeaderSendMode.SEND);
    assertThat(override.getResponseBodyMode()).isEqualTo(BodySendMode.NONE);
    assertThat(override.getResponseTrailerMode()).isEqualTo(HeaderSendMode.SEND);
  }

  @Test
  void responseHeadersAreSkippedWhereNobodyWantsThem() {
    var nothing = new ExtProcSettings(1000, null, false, false, false, false, false);
    try (var quiet = new ExtProcFixture(nothing, ExtProcFixture.TWO_MODELS)) {
      var override = quiet.open().chatHeaders().reply().getModeOverride();

      assertThat(override.getResponseHeaderMode()).isEqualTo(HeaderSendMode.SKIP);
      assertThat(override.getResponseTrailerMode()).isEqualTo(HeaderSendMode.SEND);
    }
  }

  @Test
  void noOverrideIsSentWhereEnvoyWouldIgnoreIt() {
    var envoy = fixture.open().sendingBodyWithoutWaiting().chatHeaders();

    assertThat(envoy.reply().hasModeOverride()).isFalse();
  }

  @Test
  void decisionSetsAddressStrategyAndClearsTheRoute() {
    var envoy = fixture.open().chatHeaders("x-request-id", "r-1").body(CHAT);
    envoy.reply();

    ProcessingResponse reply = envoy.reply();

    var common = reply.getRequestBody().getResponse();
    assertThat(FakeEnvoy.set(common.getHeaderMutation()))
        .containsOnly(
            Map.entry("target-pod", ExtProcFixture.ADDRESS),
            Map.entry("routing-strategy", "random"));
    assertThat(common.getClearRouteCache()).isTrue();
    assertThat(common.hasBodyMutation()).isFalse();
    assertThat(fixture.inFlight()).isOne();
  }

  @Test
  void valuesAreSetSoThatTheyReplaceInOldAndNewEnvoys() {
    var envoy = fixture.open().chatHeaders().body(CHAT);
    envoy.reply();

    for (HeaderValueOption option :
        envoy.reply().getRequestBody().getResponse().getHeaderMutation().getSetHeadersList()) {
      assertThat(option.getAppendAction()).isEqualTo(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD);
      assertThat(option.getAllFields().keySet()).anyMatch(f -> f.getName().equals("append"));
      assertThat(option.getHeader().getValue()).isEmpty();
    }
  }

  @Test
  void requestWithoutAnIdGetsTheTraceIdAsItsId() {
    var envoy =
        fixture
            .open()
            .chatHeaders("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .body(CHAT);
    envoy.reply();

    assertThat(decision(envoy)).containsEntry("x-request-id", "0af7651916cd43dd8448eb211c80319c");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "00-short", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
  void requestWithoutAnyUsableIdGetsARandomOne(String traceparent) {
    var envoy = fixture.open().chatHeaders("traceparent", traceparent).body(CHAT);
    envoy.reply();

    assertThat(decision(envoy).get("x-request-id")).matches("[0-9a-f]{32}");
  }

  @Test
  void headerValuesAreReadFromValueWhereRawValueIsEmpty() {
    var headers = HeaderMap.newBuilder();
    for (String[] header :
        new String[][] {{":path", "/v1/chat/completions"}, {"routing-strategy", "least-request"}}) {
      headers.addHeaders(HeaderValue.newBuilder().setKey(header[0]).setValue(header[1]));
    }
    var envoy =
        fixture
            .open()
            .send(
                ProcessingRequest.newBuilder()
                    .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(headers)))
            .body(CHAT);
    envoy.reply();

    assertThat(decision(envoy)).containsEntry("routing-strategy", "least-request");
  }

  @Test
  void rawValueGoesBeforeValue() {
    var headers =
        HeaderMap.newBuilder()
            .addHeaders(
                HeaderValue.newBuilder()
                    .setKey(":path")
                    .setValue("/wrong")
                    .setRawValue(ByteString.copyFromUtf8("/v1/chat/completions")));
    var envoy =
        fixture
            .open()
            .send(
                ProcessingRequest.newBuilder()
                    .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(headers)));

    assertThat(envoy.reply().hasRequestHeaders()).isTrue();
  }

  @Test
  void queryIsNoPartOfThePath() {
    var envoy = fixture.open().headers("/v1/chat/completions?trace=1").body(CHAT);
    envoy.reply();

    assertThat(decision(envoy)).containsKey("target-pod");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/v1/chat/completions/", "/v1/models", "", "/V1/chat/completions"})
  void unknownPathIsRefusedWith501(String path) {
    var envoy = fixture.open().headers(path, "target-pod", "10.9.9.9:1");

    var refusal = envoy.reply().getImmediateResponse();

    assertThat(refusal.getStatus().getCodeValue()).isEqualTo(501);
    assertThat(FakeEnvoy.set(refusal.getHeaders()))
        .containsEntry("x-error-request-body-processing", "true");
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void requestWithoutBodyIsRefusedWith400() {
    var envoy =
        fixture
            .open()
            .send(
                FakeEnvoy.requestHeaders("/v1/chat/completions", true, "target-pod", "10.9.9.9:1"));

    assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(400);
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  private static Map<String, String> decision(FakeEnvoy envoy) {
    return FakeEnvoy.set(envoy.reply().getRequestBody().getResponse().getHeaderMutation());
  }
}
