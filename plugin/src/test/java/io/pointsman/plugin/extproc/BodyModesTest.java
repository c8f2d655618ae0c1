package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Status;
import io.pointsman.plugin.endpoint.Topology;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What each body mode gives, where the model is known in the header phase and where it is not. */
class BodyModesTest {
  private static final String TRUSTED = "x-trusted-model";

  /** How the request is answered, and in which phase. */
  enum Expected {
    ON_HEADERS,
    ON_BODY,
    WITHHELD,
    REFUSED_400
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, REFUSED_400",
    "STREAMED, REFUSED_400",
    "BUFFERED, ON_BODY",
    "BUFFERED_PARTIAL, ON_BODY",
    "FULL_DUPLEX_STREAMED, WITHHELD"
  })
  void modelKnownFromTheBodyOnly(BodySendMode mode, Expected expected) {
    check(settings(null, false), ExtProcFixture.TWO_MODELS, mode, expected);
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, ON_HEADERS",
    "STREAMED, ON_HEADERS",
    "BUFFERED, ON_BODY",
    "BUFFERED_PARTIAL, ON_BODY",
    "FULL_DUPLEX_STREAMED, WITHHELD"
  })
  void onlyOneModelThereIs(BodySendMode mode, Expected expected) {
    check(settings(null, false), ExtProcFixture.ONE_MODEL, mode, expected);
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, ON_HEADERS",
    "STREAMED, ON_HEADERS",
    "BUFFERED, ON_BODY",
    "BUFFERED_PARTIAL, ON_BODY",
    "FULL_DUPLEX_STREAMED, WITHHELD"
  })
  void modelKnownFromTheTrustedHeader(BodySendMode mode, Expected expected) {
    check(settings(TRUSTED, false), ExtProcFixture.TWO_MODELS, mode, expected, TRUSTED, "llama");
  }

  @ParameterizedTest
  @EnumSource(value = BodySendMode.class, mode = Mode.EXCLUDE, names = "UNRECOGNIZED")
  void everyModeIsDecidedOnHeadersWhereThatIsAskedForAndCanBe(BodySendMode mode) {
    check(
        settings(TRUSTED, true),
        ExtProcFixture.TWO_MODELS,
        mode,
        Expected.ON_HEADERS,
        TRUSTED,
        "llama");
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, REFUSED_400",
    "STREAMED, REFUSED_400",
    "BUFFERED, ON_BODY",
    "BUFFERED_PARTIAL, ON_BODY",
    "FULL_DUPLEX_STREAMED, WITHHELD"
  })
  void strategyThatReadsThePromptWaitsForTheBody(BodySendMode mode, Expected expected) {
    check(
        settings(TRUSTED, true),
        ExtProcFixture.TWO_MODELS,
        mode,
        expected,
        TRUSTED,
        "llama",
        "routing-strategy",
        "prompted");
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"BUFFERED", "BUFFERED_PARTIAL", "STREAMED"})
  void bodyThatComesAlthoughItWasDeclinedIsLetThrough(BodySendMode mode) {
    try (var fixture = new ExtProcFixture(settings(null, true), ExtProcFixture.ONE_MODEL)) {
      var envoy = fixture.open().modes(mode, BodySendMode.NONE).chatHeaders();
      ProcessingResponse decision = envoy.reply();
      assertThat(decision.getModeOverride().getRequestBodyMode()).isEqualTo(BodySendMode.NONE);

      envoy.body("a piece", false).body("the last", true);

      for (int i = 0; i < 2; i++) {
        assertThat(envoy.reply()).isEqualTo(Replies.REQUEST_BODY_UNCHANGED);
      }
      assertThat(fixture.inFlight()).isOne();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"NONE", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL"})
  void trailersAreLetThrough(BodySendMode mode) {
    try (var fixture = new ExtProcFixture(settings(null, false), ExtProcFixture.ONE_MODEL)) {
      var envoy = fixture.open().modes(mode, BodySendMode.NONE).chatHeaders();
      envoy.reply();
      if (mode != BodySendMode.NONE) {
        envoy.body(CHAT, false);
        envoy.reply();
      }

      envoy.trailers();

      assertThat(envoy.reply()).isEqualTo(Replies.REQUEST_TRAILERS_UNCHANGED);
      assertThat(fixture.inFlight()).isOne();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"BUFFERED", "BUFFERED_PARTIAL"})
  void trailersWithoutABodyAreRefused(BodySendMode mode) {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().modes(mode, BodySendMode.NONE).chatHeaders().trailers();
      envoy.reply();

      assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(400);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"BUFFERED", "BUFFERED_PARTIAL"})
  void emptyBodyIsRefused(BodySendMode mode) {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().modes(mode, BodySendMode.NONE).chatHeaders().body("", true);
      envoy.reply();

      assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(400);
    }
  }

  /** Before trailers Envoy marks the body as not the last, though it is all there. */
  @Test
  void bufferedBodyIsWholeAlsoWhereTrailersFollow() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().chatHeaders().body("{\"model\":\"llama\"", false);
      envoy.reply();

      assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(400);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"model\":\"llama\",\"messages\":[{\"role\":\"us | true",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"aaaa | false"
      })
  void bodyThatIsCutCountsIfItsModelWasInTheFirstPart(String part, boolean decided) {
    try (var fixture = new ExtProcFixture()) {
      var envoy =
          fixture
              .open()
              .modes(BodySendMode.BUFFERED_PARTIAL, BodySendMode.NONE)
              .chatHeaders()
              .body(part, false);
      ProcessingResponse headers = envoy.reply();
      // Seen on Envoy 1.40: a cut body goes on before the route is cleared by its reply.
      assertThat(headers.getRequestHeaders().getResponse().getClearRouteCache()).isTrue();

      ProcessingResponse reply = envoy.reply();

      if (decided) {
        assertThat(FakeEnvoy.set(reply.getRequestBody().getResponse().getHeaderMutation()))
            .containsEntry("target-pod", ExtProcFixture.ADDRESS);
      } else {
        assertThat(reply.getImmediateResponse().getStatus().getCodeValue()).isEqualTo(413);
      }
      assertThat(fixture.inFlight()).isEqualTo(decided ? 1 : 0);
    }
  }

  @Test
  void envoyThatSaysNothingOfModesIsTakenToBuffer() {
    try (var fixture = new ExtProcFixture()) {
      var envoy = fixture.open().sayingNothing().decided();

      assertThat(envoy.status()).isNull();
      assertThat(fixture.inFlight()).isOne();
    }
  }

  private static ExtProcSettings settings(@Nullable String modelHeader, boolean routeOnHeaders) {
    return new ExtProcSettings(1 << 20, modelHeader, routeOnHeaders, true, true, false, false);
  }

  private static void check(
      ExtProcSettings settings,
      Topology topology,
      BodySendMode mode,
      Expected expected,
      String... headers) {
    try (var fixture = new ExtProcFixture(settings, topology)) {
      var envoy = fixture.open().modes(mode, BodySendMode.NONE).chatHeaders(headers);
      if (expected == Expected.WITHHELD) {
        assertThat(envoy.pending()).isZero();
        envoy.body(CHAT, true);
      }
      ProcessingResponse reply = envoy.reply();
      if (expected == Expected.REFUSED_400) {
        assertThat(reply.getImmediateResponse().getStatus().getCodeValue()).isEqualTo(400);
        assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
        assertThat(fixture.inFlight()).isZero();
        assertThat(fixture.count("pointsman.extproc.protocol.errors", "kind", "body_not_sent"))
            .isOne();
        return;
      }
      HeaderMutation onHeaders = reply.getRequestHeaders().getResponse().getHeaderMutation();
      assertThat(onHeaders.getRemoveHeadersList()).contains("target-pod");
      if (expected == Expected.ON_BODY) {
        assertThat(onHeaders.getSetHeadersList()).isEmpty();
        envoy.body(CHAT, true);
        assertPicked(envoy.reply().getRequestBody().getResponse().getHeaderMutation());
      } else {
        assertPicked(onHeaders);
      }
      assertThat(fixture.inFlight()).isOne();
      envoy.halfClose();
      assertThat(fixture.inFlight()).isZero();
    }
  }

  private static void assertPicked(HeaderMutation mutation) {
    assertThat(FakeEnvoy.set(mutation)).containsEntry("target-pod", ExtProcFixture.ADDRESS);
  }
}
