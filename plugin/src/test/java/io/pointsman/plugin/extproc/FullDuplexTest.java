package io.pointsman.plugin.extproc;

import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.FULL_DUPLEX_STREAMED;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.NONE;
import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.grpc.Status;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FullDuplexTest {
  private static final int LIMIT = 1_000_000;

  private final ExtProcFixture fixture =
      new ExtProcFixture(
          new ExtProcSettings(LIMIT, null, false, true, true, false, false),
          ExtProcFixture.TWO_MODELS);

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void nothingIsAnsweredUntilTheBodyIsWhole() {
    var envoy = open().chatHeaders().body(CHAT.substring(0, 10), false);

    assertThat(envoy.pending()).isZero();
  }

  @Test
  void decisionComesWithTheHeadersAndTheBodyGoesOnAfterThem() {
    var envoy = open().chatHeaders("target-pod", "10.9.9.9:1");
    envoy.body(CHAT.substring(0, 10), false).body(CHAT.substring(10), false).body("", true);

    var headers = envoy.reply();
    var mutation = headers.getRequestHeaders().getResponse().getHeaderMutation();
    assertThat(mutation.getRemoveHeadersList()).contains("target-pod");
    assertThat(FakeEnvoy.set(mutation)).containsEntry("target-pod", ExtProcFixture.ADDRESS);
    assertThat(headers.getRequestHeaders().getResponse().getClearRouteCache()).isTrue();
    assertThat(headers.hasModeOverride()).isFalse();
    StreamedBodyResponse body = piece(envoy.reply().getRequestBody());
    assertThat(body.getBody().toStringUtf8()).isEqualTo(CHAT);
    assertThat(body.getEndOfStream()).isTrue();
    assertThat(envoy.pending()).isZero();
  }

  @Test
  void trailersEndTheBodyToo() {
    var envoy = open().chatHeaders().body(CHAT, false).trailers();

    assertThat(envoy.reply().hasRequestHeaders()).isTrue();
    StreamedBodyResponse body = piece(envoy.reply().getRequestBody());
    assertThat(body.getBody().toStringUtf8()).isEqualTo(CHAT);
    assertThat(body.getEndOfStream()).isFalse();
    assertThat(envoy.reply().hasRequestTrailers()).isTrue();
    assertThat(envoy.pending()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyBodyCutAnywhereComesBackByteForByte(long seed) {
    var random = new SplittableRandom(seed);
    String text =
        "{\"model\":\"llama\",\"messages\":[{\"role\":\"user\",\"content\":\""
            + "x".repeat(random.nextInt(0, 300_000))
            + "\"}]}";
    var envoy = open().chatHeaders();
    for (int start = 0; start < text.length(); ) {
      int end = Math.min(text.length(), start + random.nextInt(1, 100_000));
      envoy.body(text.substring(start, end), end == text.length());
      start = end;
    }

    assertThat(envoy.reply().hasRequestHeaders()).as("seed %s", seed).isTrue();
    var back = new StringBuilder();
    StreamedBodyResponse body;
    do {
      body = piece(envoy.reply().getRequestBody());
      assertThat(body.getBody().size()).isLessThanOrEqualTo(62_000);
      back.append(body.getBody().toStringUtf8());
    } while (!body.getEndOfStream());
    assertThat(back.toString()).as("seed %s", seed).isEqualTo(text);
    assertThat(envoy.pending()).isZero();
  }

  @Test
  void bodyOfExactlyTheLimitPasses() {
    String frame = "{\"model\":\"llama\",\"prompt\":\"\"}";
    String text = frame.replace("\"\"", "\"" + "x".repeat(LIMIT - frame.length()) + "\"");
    var envoy = open().headers("/v1/completions").body(text);

    assertThat(envoy.reply().hasRequestHeaders()).isTrue();
  }

  @Test
  void longerBodyIsRefusedWith413AsSoonAsItIsTooLong() {
    var envoy = open().headers("/v1/completions").body("x".repeat(LIMIT), false).body("x", false);

    assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(413);
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void emptyBodyIsRefusedWith400() {
    var envoy = open().chatHeaders().body("", true);

    assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(400);
  }

  @Test
  void trailersWithoutBodyAreRefusedWith400() {
    var envoy = open().chatHeaders().trailers();

    assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(400);
  }

  @Test
  void messagesAfterTheEndOfTheRequestAreIgnored() {
    var envoy = open().chatHeaders().body(CHAT, true);
    envoy.reply();
    envoy.reply();

    envoy.body("more", false).body("", true).trailers();

    assertThat(envoy.pending()).isZero();
    assertThat(envoy.status()).isNull();
  }

  @Test
  void responseBodyGoesOnAsItArrives() {
    var envoy = open().chatHeaders().body(CHAT, true);
    envoy.reply();
    envoy.reply();
    envoy.responseHeaders(200).responseBody("one", false).responseBody("x".repeat(70_000), true);

    assertThat(envoy.reply().hasResponseHeaders()).isTrue();
    StreamedBodyResponse first = piece(envoy.reply().getResponseBody());
    assertThat(first.getBody().toStringUtf8()).isEqualTo("one");
    assertThat(first.getEndOfStream()).isFalse();
    StreamedBodyResponse second = piece(envoy.reply().getResponseBody());
    assertThat(second.getBody().size()).isEqualTo(62_000);
    assertThat(second.getEndOfStream()).isFalse();
    StreamedBodyResponse third = piece(envoy.reply().getResponseBody());
    assertThat(third.getBody().size()).isEqualTo(8_000);
    assertThat(third.getEndOfStream()).isTrue();
  }

  @Test
  void responseAfterItsEndIsIgnored() {
    var envoy = open().chatHeaders().body(CHAT, true);
    envoy.responseHeaders(200).responseBody("one", true);
    for (int i = 0; i < 4; i++) {
      envoy.reply();
    }

    envoy.responseBody("two", true).responseTrailers();

    assertThat(envoy.pending()).isZero();
    assertThat(envoy.status()).isNull();
  }

  @Test
  void responseTrailersAreAnswered() {
    var envoy = open().chatHeaders().body(CHAT, true);
    envoy.responseHeaders(200).responseBody("one", false).responseTrailers();
    for (int i = 0; i < 4; i++) {
      envoy.reply();
    }

    assertThat(envoy.reply().hasResponseTrailers()).isTrue();
  }

  @Test
  void requestAloneMayBeFullDuplex() {
    var envoy = fixture.open().modes(FULL_DUPLEX_STREAMED, NONE).chatHeaders().body(CHAT, true);

    assertThat(envoy.reply().hasRequestHeaders()).isTrue();
    assertThat(piece(envoy.reply().getRequestBody()).getEndOfStream()).isTrue();
  }

  private FakeEnvoy open() {
    return fixture.open().modes(FULL_DUPLEX_STREAMED, FULL_DUPLEX_STREAMED);
  }

  private static StreamedBodyResponse piece(BodyResponse body) {
    return body.getResponse().getBodyMutation().getStreamedResponse();
  }
}
