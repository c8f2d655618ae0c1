package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.grpc.Status;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.routing.RoutingSettings;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every error of the wire contract that this package gives. */
class RejectionTest {
  private static final String BODY = "x-error-request-body-processing";

  @Test
  void unknownPath() {
    var refusal = refusal("/v1/unheard-of", CHAT);

    check(refusal, 501, BODY, "true", "api_error", null, null);
    assertThat(message(refusal)).isEqualTo("unknown request path");
  }

  @Test
  void noBody() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().send(FakeEnvoy.requestHeaders("/v1/chat/completions", true));

      check(
          envoy.reply().getImmediateResponse(),
          400,
          BODY,
          "true",
          "invalid_request_error",
          null,
          null);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no json",
        "[]",
        "{}",
        "{\"model\":7,\"messages\":[]}",
        "{\"model\":\"\",\"messages\":[]}",
        "{\"model\":\"llama\",\"messages\":[",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
      })
  void bodyThatCannotBeRead(String body) {
    check(
        refusal("/v1/chat/completions", body),
        400,
        BODY,
        "true",
        "invalid_request_error",
        null,
        null);
  }

  @Test
  void formThatCannotBeRead() {
    check(
        refusal("/v1/audio/transcriptions", "--x", "content-type", "multipart/form-data"),
        400,
        "x-error-multipart-parsing",
        "true",
        "invalid_request_error",
        null,
        null);
  }

  @Test
  void jsonWhereAFormIsExpected() {
    check(
        refusal("/v1/audio/transcriptions", "{}", "content-type", "application/json"),
        400,
        BODY,
        "true",
        "invalid_request_error",
        null,
        null);
  }

  @Test
  void unknownModel() {
    var refusal = refusal("/v1/chat/completions", CHAT.replace("llama", "gpt-9"));

    check(
        refusal,
        400,
        "x-error-no-model-backends",
        "gpt-9",
        "invalid_request_error",
        "model_not_found",
        "model");
    assertThat(message(refusal)).isEqualTo("model gpt-9 does not exist");
  }

  @Test
  void noReadyPod() {
    var topology =
        new Topology(
            List.of(
                ExtProcFixture.model(
                    "llama",
                    ExtProcFixture.unready(
                        ExtProcFixture.pod("llama-0", ExtProcFixture.ADDRESS)))));
    try (var fixture = new ExtProcFixture(ExtProcSettings.DEFAULTS, topology)) {
      var refusal = refusal(fixture, "/v1/chat/completions", CHAT);

      check(
          refusal,
          503,
          "x-error-no-model-backends",
          "true",
          "overloaded_error",
          "service_unavailable",
          null);
      assertThat(FakeEnvoy.set(refusal.getHeaders())).containsEntry("retry-after", "1");
      assertThat(
              fixture.count(
                  "pointsman.requests", "model", "llama", "strategy", "none", "code", "503"))
          .isOne();
    }
  }

  @Test
  void unknownStrategy() {
    var refusal =
        refusal("/v1/chat/completions", CHAT, "routing-strategy", "luck", "x-request-id", "1");

    check(refusal, 400, "x-error-routing", "true", "invalid_request_error", null, null);
    assertThat(message(refusal))
        .startsWith("incorrect routing strategy luck; valid are ")
        .contains(" least-request,", " random,", " such as prefix-cache:2,least-request:1");
  }

  @Test
  void filterThatSelectsNobody() {
    var routing = new RoutingSettings("", Duration.ZERO, true);
    try (var fixture =
        new ExtProcFixture(ExtProcSettings.DEFAULTS, routing, ExtProcFixture.TWO_MODELS)) {
      var envoy = fixture.open().chatHeaders("external-filter", "zone=nowhere").body(CHAT);
      envoy.reply();
      var refusal = envoy.reply().getImmediateResponse();

      check(
          refusal, 503, "x-error-routing", "true", "overloaded_error", "service_unavailable", null);
    }
  }

  @Test
  void modelNameOfAnyLettersCannotBreakTheReply() {
    var refusal =
        refusal("/v1/chat/completions", CHAT.replace("llama", "snow\u2603\ud83d\ude00man"));

    assertThat(FakeEnvoy.set(refusal.getHeaders()))
        .containsEntry("x-error-no-model-backends", "snow???man");
    assertThat(message(refusal)).isEqualTo("model snow\u2603\ud83d\ude00man does not exist");
  }

  @Test
  void longModelNameIsCut() {
    var refusal = refusal("/v1/chat/completions", CHAT.replace("llama", "m".repeat(1000)));

    assertThat(refusal.getSerializedSize()).isLessThan(1000);
    assertThat(FakeEnvoy.set(refusal.getHeaders()).get("x-error-no-model-backends")).hasSize(256);
  }

  /** Whatever text gets here, from wherever: one bad byte in a header costs the whole reply. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\nx-evil: 1",
        "\u0000\u0001\u001f\u007f",
        "\r\n\r\n",
        "quote\"and\\backslash",
        "\u2028",
        "half \ud800 of a pair",
        "\udc00\ud800",
        "\ud83d"
      })
  void anyTextIsMadeFitForHeaderAndJson(String text) {
    var refusal = Replies.rejected(Rejection.unknownModel(text)).getImmediateResponse();

    assertThat(FakeEnvoy.set(refusal.getHeaders()).get("x-error-no-model-backends"))
        .matches("[ -~]{1,256}");
    assertThat(refusal.getBody().isValidUtf8()).isTrue();
    assertThat(message(refusal)).isEqualTo("model " + text + " does not exist");
  }

  @Test
  void internalFactsAreNotTold() {
    var refusal = refusal("/v1/chat/completions", CHAT.replace("llama", "gpt-9"));

    assertThat(refusal.getBody().toStringUtf8())
        .doesNotContain("llama", "qwen", ExtProcFixture.ADDRESS, "Exception");
  }

  @Test
  void rejectionsAreCountedWithoutTheClientsText() {
    try (var fixture = new ExtProcFixture()) {
      for (int i = 0; i < 100; i++) {
        refusal(fixture, "/v1/chat/completions", CHAT.replace("llama", "gpt-" + i));
      }

      assertThat(
              fixture.count(
                  "pointsman.requests", "model", "unknown", "strategy", "none", "code", "400"))
          .isEqualTo(100);
      assertThat(fixture.meters.find("pointsman.requests").counters()).hasSize(1);
      assertThat(fixture.service.openStreams()).isZero();
    }
  }

  private static ImmediateResponse refusal(String path, String body, String... headers) {
    try (var fixture = new ExtProcFixture()) {
      return refusal(fixture, path, body, headers);
    }
  }

  private static ImmediateResponse refusal(
      ExtProcFixture fixture, String path, String body, String... headers) {
    var envoy = fixture.open().headers(path, headers);
    var reply = envoy.reply();
    if (reply.hasRequestHeaders()) {
      envoy.body(body);
      reply = envoy.reply();
    }
    assertThat(reply.hasImmediateResponse()).as("%s", reply).isTrue();
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertThat(envoy.pending()).isZero();
    assertThat(fixture.inFlight()).isZero();
    return reply.getImmediateResponse();
  }

  private static void check(
      ImmediateResponse refusal,
      int status,
      String header,
      String value,
      String type,
      @Nullable String code,
      @Nullable String param) {
    assertThat(refusal.getStatus().getCodeValue()).isEqualTo(status);
    assertThat(FakeEnvoy.set(refusal.getHeaders()))
        .containsEntry(header, value)
        .containsEntry("content-type", "application/json");
    assertThat(refusal.getDetails()).matches("pointsman_[a-z_]+");
    Struct error = error(refusal);
    assertThat(error.getFieldsMap()).containsOnlyKeys("message", "type", "code", "param");
    assertThat(error.getFieldsOrThrow("type").getStringValue()).isEqualTo(type);
    assertText(error.getFieldsOrThrow("code"), code);
    assertText(error.getFieldsOrThrow("param"), param);
  }

  private static void assertText(Value value, @Nullable String expected) {
    assertThat(value.hasNullValue()).isEqualTo(expected == null);
    assertThat(value.getStringValue()).isEqualTo(expected == null ? "" : expected);
  }

  private static String message(ImmediateResponse refusal) {
    return error(refusal).getFieldsOrThrow("message").getStringValue();
  }

  private static Struct error(ImmediateResponse refusal) {
    var json = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(refusal.getBody().toStringUtf8(), json);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(refusal.getBody().toStringUtf8(), e);
    }
    assertThat(json.getFieldsMap()).containsOnlyKeys("error");
    return json.getFieldsOrThrow("error").getStructValue();
  }
}
