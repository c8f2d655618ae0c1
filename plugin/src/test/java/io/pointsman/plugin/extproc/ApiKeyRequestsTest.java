package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.identity.UserPolicy;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

class ApiKeyRequestsTest {
  private static final String KEY = "pm-the-only-key";
  private static final String GOOD = "Bearer " + KEY;

  private final Authenticator authenticator = authenticator(false);
  private final ExtProcFixture fixture = new ExtProcFixture(authenticator);

  @AfterEach
  void close() {
    fixture.close();
    authenticator.close();
  }

  private static Authenticator authenticator(boolean forward) {
    var settings =
        new IdentitySettings(KeyHash.of(KEY), null, false, UserPolicy.KNOWN, true, forward);
    try {
      return Authenticator.start(settings, "test", null, new SimpleMeterRegistry());
    } catch (ConfigException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/v1/chat/completions", "/v1/messages", "/v1/models", "/unknown", "/", ""})
  void withoutAGoodKeyEveryPathIs401WithOrWithoutABody(String path) {
    for (boolean bodyless : new boolean[] {false, true}) {
      var none = fixture.open().send(FakeEnvoy.requestHeaders(path, bodyless));
      var wrong =
          fixture
              .open()
              .send(
                  FakeEnvoy.requestHeaders(path, bodyless, "authorization", "Bearer pm-other-key"));

      for (FakeEnvoy envoy : List.of(none, wrong)) {
        ImmediateResponse refusal = envoy.reply().getImmediateResponse();
        JsonObject error = error(refusal);
        assertThat(refusal.getStatus().getCodeValue()).isEqualTo(401);
        assertThat(error.get("type").getAsString()).isEqualTo("authentication_error");
        assertThat(error.get("code").getAsString()).isEqualTo("invalid_api_key");
        assertThat(error.get("param").getAsString()).isEqualTo("api_key");
        assertThat(refusal.toString()).doesNotContain("pm-other-key");
        assertThat(FakeEnvoy.set(refusal.getHeaders()))
            .containsEntry("www-authenticate", "Bearer")
            .containsEntry("content-type", "application/json");
        assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
      }
    }
    assertThat(fixture.inFlight()).isZero();
  }

  @ParameterizedTest
  @EnumSource(value = BodySendMode.class, mode = Mode.EXCLUDE, names = "UNRECOGNIZED")
  void withoutAGoodKeyEveryBodyModeIs401(BodySendMode mode) {
    var envoy = fixture.open().modes(mode, BodySendMode.NONE).chatHeaders();

    assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"pm-the-only-key", "Basic pm-the-only-key", "Bearer", "Bearer pm-the-only-key x"})
  void aHeaderOfAnotherFormIs401(String header) {
    var envoy = fixture.open().chatHeaders("authorization", header);

    assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(401);
  }

  @Test
  void ofSeveralKeysTheFirstCounts() {
    var envoy = fixture.open().chatHeaders("authorization", "Bearer x", "authorization", GOOD);

    assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bearer ", "bearer ", "BEARER "})
  void aGoodKeyIsRoutedAndNotShownToThePod(String scheme) {
    var envoy = fixture.open().chatHeaders("authorization", scheme + KEY).body(CHAT);

    assertThat(removed(envoy)).contains("authorization", "target-pod");
    assertThat(envoy.reply().hasRequestBody()).isTrue();
    assertThat(fixture.inFlight()).isOne();
  }

  @ParameterizedTest
  @CsvSource({"FULL_DUPLEX_STREAMED, 1", "STREAMED, 1", "NONE, 0"})
  void theKeyIsRemovedTooWhereHeadersAreAnsweredWithTheDecision(BodySendMode mode, int bodies) {
    try (var one =
        new ExtProcFixture(ExtProcSettings.DEFAULTS, authenticator, ExtProcFixture.ONE_MODEL)) {
      var envoy = one.open().modes(mode, BodySendMode.NONE).chatHeaders("authorization", GOOD);
      if (bodies > 0) {
        envoy.body(CHAT);
      }

      assertThat(removed(envoy)).contains("authorization");
      assertThat(one.inFlight()).isOne();
    }
  }

  @Test
  void thePodSeesTheHeaderBySetting() {
    try (var forwarding = authenticator(true);
        var other = new ExtProcFixture(forwarding)) {
      var envoy = other.open().chatHeaders("authorization", GOOD).body(CHAT);

      assertThat(removed(envoy)).doesNotContain("authorization").contains("target-pod");
    }
  }

  @Test
  void withoutKeysTheHeaderIsNoneOfOurBusiness() {
    try (var open = new ExtProcFixture()) {
      var envoy = open.open().chatHeaders("authorization", "Bearer of-the-pod").body(CHAT);

      assertThat(removed(envoy)).doesNotContain("authorization");
    }
  }

  @Test
  void headersTellNoKeyOfThemselves() {
    var map = FakeEnvoy.headerMap(":path", "/v1/x", "authorization", GOOD, "user", "mallory");
    RequestHeaders headers = RequestHeaders.read(map, null);

    assertThat(headers.toString()).doesNotContain(KEY);
    assertThat(headers.admitted("alice").authorization()).isNull();
    assertThat(headers.admitted("alice").routing().user()).isEqualTo("alice");
    assertThat(headers.admitted(null).routing().user()).isNull();
  }

  private static List<String> removed(FakeEnvoy envoy) {
    return envoy
        .reply()
        .getRequestHeaders()
        .getResponse()
        .getHeaderMutation()
        .getRemoveHeadersList();
  }

  private static JsonObject error(ImmediateResponse refusal) {
    return JsonParser.parseString(refusal.getBody().toStringUtf8())
        .getAsJsonObject()
        .getAsJsonObject("error");
  }
}
