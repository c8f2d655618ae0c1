package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.grpc.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StreamEndTest {
  private final ExtProcFixture fixture = new ExtProcFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void halfCloseReleasesAndIsAnsweredWithOk() {
    var envoy = fixture.open().decided();
    assertThat(fixture.inFlight()).isOne();

    envoy.halfClose();

    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void cancellationReleasesOnce() {
    var envoy = fixture.open().decided();

    envoy.cancel();

    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
    assertThat(fixture.count("pointsman.requests.ended", "outcome", "ended")).isOne();
    assertThat(fixture.count("pointsman.extproc.protocol.errors")).isZero();
  }

  @Test
  void shutdownOfTheServerReleases() {
    fixture.open().decided();

    fixture.shutDownNow();

    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
  }

  @Test
  void streamThatEndsBeforeItsDecisionLeavesNothing() {
    var envoy = fixture.open().chatHeaders();

    envoy.cancel();

    assertThat(fixture.service.openStreams()).isZero();
    assertThat(fixture.count("pointsman.requests.ended")).isZero();
  }

  @Test
  void exceptionInOurCodeEndsTheStreamWithInternal() {
    var envoy = fixture.open().chatHeaders("routing-strategy", "broken").body(CHAT);
    envoy.reply();

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(envoy.ended().getDescription()).doesNotContain("bug");
    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
    assertThat(fixture.count("pointsman.extproc.protocol.errors", "kind", "internal")).isOne();
  }

  @Test
  void messageOfUnknownKindEndsTheStream() {
    var envoy = fixture.open().decided().send(ProcessingRequest.newBuilder());

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(fixture.inFlight()).isZero();
  }

  @Test
  void unknownBodyModeEndsTheStream() {
    var envoy = fixture.open();
    var message = FakeEnvoy.requestHeaders("/v1/chat/completions", false);
    message.getProtocolConfigBuilder().setRequestBodyModeValue(17);

    envoy.sayingNothing().send(message);

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
  }

  @Test
  void observabilityModeEndsTheStream() {
    var envoy =
        fixture
            .open()
            .send(
                FakeEnvoy.requestHeaders("/v1/chat/completions", false).setObservabilityMode(true));

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(envoy.pending()).isZero();
  }

  @Test
  void secondRequestHeadersEndTheStream() {
    var envoy = fixture.open().decided().chatHeaders();

    assertOutOfOrder(envoy);
  }

  @Test
  void bodyBeforeHeadersEndsTheStream() {
    var envoy = fixture.open().body(CHAT);

    assertOutOfOrder(envoy);
  }

  @Test
  void trailersBeforeHeadersEndTheStream() {
    var envoy = fixture.open().trailers();

    assertOutOfOrder(envoy);
  }

  @Test
  void secondBufferedBodyEndsTheStream() {
    var envoy = fixture.open().decided().body(CHAT);

    assertOutOfOrder(envoy);
  }

  @Test
  void secondResponseHeadersEndTheStream() {
    var envoy = fixture.open().decided().responseHeaders(200).responseHeaders(200);
    envoy.reply();

    assertOutOfOrder(envoy);
  }

  @Test
  void responseBodyAfterItsEndEndsTheStream() {
    var envoy = fixture.open().modes(BodySendMode.BUFFERED, BodySendMode.STREAMED).decided();
    envoy.responseHeaders(200).responseBody("x", true).responseBody("y", true);
    envoy.reply();
    envoy.reply();

    assertOutOfOrder(envoy);
  }

  /** Envoy answers by itself, for instance when a body is larger than its buffer. */
  @Test
  void envoysOwnAnswerBeforeTheDecisionIsLeftAsItIs() {
    var envoy = fixture.open().chatHeaders().responseHeaders(413);
    envoy.reply();

    var reply = envoy.reply();

    assertThat(reply.hasResponseHeaders()).isTrue();
    assertThat(reply.getResponseHeaders().hasResponse()).isFalse();
    assertThat(envoy.status()).isNull();
  }

  @Test
  void envoysOwnAnswerWithoutAnyRequestMessageIsLeftAsItIs() {
    var envoy = fixture.open().responseHeaders(403);

    assertThat(envoy.reply().hasResponseHeaders()).isTrue();
    assertThat(envoy.status()).isNull();
  }

  @Test
  void nothingIsRefusedOnceAResponseHasBegun() {
    var envoy = fixture.open().chatHeaders().responseHeaders(408);
    envoy.reply();
    envoy.reply();

    envoy.send(FakeEnvoy.requestBody(ByteString.copyFromUtf8("no json"), true));

    assertThat(envoy.pending()).isZero();
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  private void assertOutOfOrder(FakeEnvoy envoy) {
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(envoy.pending()).isZero();
    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
    assertThat(fixture.count("pointsman.extproc.protocol.errors", "kind", "out_of_order")).isOne();
  }
}
