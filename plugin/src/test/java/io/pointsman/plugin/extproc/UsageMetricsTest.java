package io.pointsman.plugin.extproc;

import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.BUFFERED;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.FULL_DUPLEX_STREAMED;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.NONE;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.STREAMED;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rule 6: token usage is read as the body passes, and what ended a request is told truly. */
class UsageMetricsTest {
  private static final String USAGE =
      "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}";
  private static final String EVENTS =
      "data: {\"choices\":[{\"delta\":{\"content\":\"say \\\"usage\\\"\"}}]}\n\n"
          + "data: {\"choices\":[],"
          + USAGE
          + "}\n\ndata: [DONE]\n\n";

  private final ExtProcFixture fixture =
      new ExtProcFixture(
          new ExtProcSettings(1000, null, false, true, true, true, false),
          ExtProcFixture.TWO_MODELS);

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void responseBodyIsAskedForInPieces() {
    var override = answer("text/event-stream; charset=utf-8").reply().getModeOverride();

    assertThat(override.getResponseBodyMode()).isEqualTo(STREAMED);
    assertThat(override.getResponseTrailerMode()).isEqualTo(HeaderSendMode.SEND);
  }

  @ParameterizedTest
  @CsvSource({
    "200, text/plain, ",
    "500, application/json, ",
    "200, application/json, gzip",
    "200, text/event-stream, br"
  })
  void responseBodyThatTellsNoUsageIsNotAskedFor(
      int status, String contentType, @Nullable String encoding) {
    var envoy = fixture.open().decided();
    if (encoding == null) {
      envoy.responseHeaders(status, "content-type", contentType);
    } else {
      envoy.responseHeaders(status, "content-type", contentType, "content-encoding", encoding);
    }

    assertThat(envoy.reply().hasModeOverride()).isFalse();
  }

  @Test
  void tokensOfAnEventStreamCutAnywhereAreCounted() {
    for (int cut = 1; cut < EVENTS.length(); cut++) {
      var envoy = answer("text/event-stream");
      envoy.responseBody(EVENTS.substring(0, cut), false);
      envoy.responseBody(EVENTS.substring(cut), true);
      envoy.reply();
      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_BODY_UNCHANGED);
      assertThat(envoy.reply()).isEqualTo(Replies.RESPONSE_BODY_UNCHANGED);
      envoy.cancel();
    }

    int count = EVENTS.length() - 1;
    assertThat(tokens("prompt")).isEqualTo(7 * count);
    assertThat(tokens("completion")).isEqualTo(3 * count);
    assertThat(ended("completed")).isEqualTo(count);
  }

  @Test
  void tokensOfAJsonAnswerAreCounted() {
    var envoy = answer("application/json");
    envoy.responseBody("{\"choices\":[],", false).responseBody(USAGE + "}", true).cancel();

    assertThat(tokens("prompt")).isEqualTo(7);
    assertThat(tokens("completion")).isEqualTo(3);
    assertThat(ended("completed")).isOne();
  }

  @Test
  void lastUsageCountsAndNotItsSum() {
    var envoy = answer("text/event-stream");
    envoy.responseBody(
        "data: {\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\n", false);
    envoy.responseBody(
        "data: {\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n", false);
    envoy.halfClose();

    assertThat(tokens("prompt")).isEqualTo(7);
    assertThat(tokens("completion")).isEqualTo(2);
    assertThat(ended("interrupted")).isOne();
  }

  @Test
  void clientThatLeavesAtTheLastEventHasAllOfItsAnswer() {
    var envoy = answer("text/event-stream").responseBody(EVENTS, false);
    envoy.halfClose();

    assertThat(ended("completed")).isOne();
  }

  @Test
  void eventStreamThatEndsWithoutItsLastEventIsBroken() {
    var envoy = answer("text/event-stream").responseBody("data: {}\n\n", false);
    envoy.responseBody("", true).cancel();

    assertThat(ended("broken")).isOne();
  }

  @Test
  void bodyThatNeverComesBecauseOverridesAreOffTellsNothing() {
    answer("text/event-stream").halfClose();

    assertThat(ended("ended")).isOne();
    assertThat(tokens("prompt")).isZero();
  }

  @ParameterizedTest
  @CsvSource({"STREAMED", "BUFFERED", "FULL_DUPLEX_STREAMED"})
  void bodyThatComesInAnyModeIsReadAndAnsweredRightly(BodySendMode mode) {
    var envoy = fixture.open().modes(BUFFERED, mode).decided();
    envoy.responseHeaders(200, "content-type", "text/event-stream").responseBody(EVENTS, true);
    ProcessingResponse headers = envoy.reply();
    ProcessingResponse body = envoy.reply();
    envoy.cancel();

    boolean duplex = mode == FULL_DUPLEX_STREAMED;
    assertThat(headers.hasModeOverride()).isEqualTo(!duplex);
    assertThat(body.getResponseBody().getResponse().hasBodyMutation()).isEqualTo(duplex);
    if (duplex) {
      var piece = body.getResponseBody().getResponse().getBodyMutation().getStreamedResponse();
      assertThat(piece.getBody().toStringUtf8()).isEqualTo(EVENTS);
      assertThat(piece.getEndOfStream()).isTrue();
    }
    assertThat(tokens("completion")).isEqualTo(3);
  }

  @Test
  void fullDuplexRequestCannotTurnTheResponseBodyOn() {
    var envoy = fixture.open().modes(FULL_DUPLEX_STREAMED, NONE).chatHeaders();
    envoy.body(FakeEnvoy.CHAT, true);
    envoy.reply();
    envoy.reply();
    envoy.responseHeaders(200, "content-type", "text/event-stream");

    assertThat(envoy.reply().hasModeOverride()).isFalse();
  }

  @Test
  void drainLetsAnAnswerWhoseUsageIsReadRunToItsEnd() {
    var envoy = answer("text/event-stream");
    envoy.reply();

    fixture.service.endDecidedStreams();
    assertThat(envoy.status()).isNull();
    envoy.responseBody(EVENTS, true);

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertThat(tokens("completion")).isEqualTo(3);
    assertThat(ended("completed")).isOne();
  }

  @Test
  void drainLetsAnAnswerWhoseUsageMayComeRunOn() {
    var envoy = fixture.open().decided();

    fixture.service.endDecidedStreams();
    assertThat(envoy.status()).isNull();
    envoy.responseHeaders(500, "content-type", "text/plain");

    assertThat(envoy.pending()).isOne();
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  private FakeEnvoy answer(String contentType) {
    return fixture.open().decided().responseHeaders(200, "content-type", contentType);
  }

  private double tokens(String kind) {
    return fixture.count("pointsman.tokens", "model", "llama", "kind", kind);
  }

  private double ended(String outcome) {
    return fixture.count("pointsman.requests.ended", "model", "llama", "outcome", outcome);
  }
}
