package io.pointsman.plugin.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.identity.UserPolicy;
import io.pointsman.plugin.limit.LimitSettings;
import io.pointsman.plugin.routing.RoutingSettings;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class AuditedRequestsTest {
  @Test
  void eachRefusedRequestIsALineThatTellsWhoWhatAndWhyAndNoContent() throws Exception {
    var out = new ByteArrayOutputStream();
    var meters = new SimpleMeterRegistry();
    var settings =
        new IdentitySettings(KeyHash.of("secret"), null, false, UserPolicy.OFF, true, false);
    try (var audit = AuditLog.to(out, meters);
        var authenticator = Authenticator.start(settings, "test", null, meters);
        var fixture = new ExtProcFixture(authenticator, audit)) {
      fixture.open().chatHeaders("authorization", "Bearer wrong", "x-request-id", "r-1");
      fixture.open().headers("/prompt-in-the-path", "authorization", "Bearer secret");
      fixture
          .open()
          .chatHeaders("authorization", "Bearer secret")
          .body(FakeEnvoy.CHAT.replace("llama", "no-such-model"));
      fixture.open().decided("authorization", "Bearer secret").cancel();
    }

    List<String> lines = out.toString(UTF_8).lines().toList();
    assertThat(lines)
        .extracting(line -> JsonParser.parseString(line).getAsJsonObject())
        .extracting(
            json ->
                json.get("who").getAsString()
                    + " "
                    + json.get("what").getAsString()
                    + " "
                    + json.get("why").getAsString()
                    + " "
                    + json.get("status").getAsInt())
        .containsExactly(
            "unknown /v1/chat/completions pointsman_unknown_key 401",
            "key:auth-bearer-token unknown path pointsman_unknown_path 501",
            "key:auth-bearer-token /v1/chat/completions pointsman_unknown_model 400");
    assertThat(lines.get(0)).contains("\"request_id\":\"r-1\"");
    assertThat(out.toString(UTF_8))
        .doesNotContain("wrong", "secret", "prompt-in-the-path", "no-such-model");
  }

  @Test
  void aRequestThatIsBrokenOffAfterItsDecisionIsToldByItsId() throws Exception {
    var out = new ByteArrayOutputStream();
    var meters = new SimpleMeterRegistry();
    var timed =
        new Profile(
            "default",
            null,
            Profile.Hints.NONE,
            new Profile.Limits(null, null, null, 1),
            Profile.Prefill.NONE,
            Profile.PrefixCache.NONE,
            null);
    var model =
        new ModelSpec(
            "llama",
            "vllm",
            List.of(ExtProcFixture.pod("llama-0", ExtProcFixture.ADDRESS)),
            new ModelConfig(null, "default", Map.of("default", timed)));
    try (var audit = AuditLog.to(out, meters);
        var fixture =
            new ExtProcFixture(
                ExtProcSettings.DEFAULTS,
                Authenticator.open(meters),
                audit,
                LimitSettings.DEFAULTS,
                RoutingSettings.DEFAULTS,
                new Topology(List.of(model)))) {
      FakeEnvoy envoy = fixture.open().decided("x-request-id", "r-1");
      Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> envoy.pending() > 0);
    }

    assertThat(out.toString(UTF_8).lines())
        .singleElement()
        .asString()
        .contains("\"why\":\"pointsman_profile_timeout\",\"status\":504,\"request_id\":\"r-1\"");
  }
}
