package io.pointsman.plugin.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.endpoint.Observations;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What passes through here and becomes a signal, and what clients are told of sessions. */
class WhatRequestsTellTest {
  private final ExtProcFixture fixture =
      new ExtProcFixture(
          new ExtProcSettings(1000, null, false, true, true, true, false),
          ExtProcFixture.TWO_MODELS);

  @AfterEach
  void close() {
    fixture.close();
  }

  private Observations seen() {
    return Objects.requireNonNull(fixture.registry.pools().find("llama"))
        .all()
        .get(0)
        .observations();
  }

  private double latency() {
    return seen().latencySeconds(System.nanoTime());
  }

  private static Map<String, String> told(FakeEnvoy envoy) {
    return FakeEnvoy.set(envoy.reply().getResponseHeaders().getResponse().getHeaderMutation());
  }

  @Test
  void aSuccessTellsHowLongItTook() {
    var envoy = fixture.open().decided().responseHeaders(200);
    envoy.reply();
    double toHeaders = latency();
    assertThat(toHeaders).isPositive();

    envoy.halfClose();

    assertThat(latency()).isGreaterThan(toHeaders);
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 429, 500, 503})
  void aFailureTellsNothingHoweverFastItWas(int status) {
    var envoy = fixture.open().decided().responseHeaders(status);
    envoy.reply();
    envoy.halfClose();

    assertThat(latency()).isNaN();
  }

  @Test
  void theTokensOfAnAnswerAreCountedForItsEndpoint() {
    seen().generated(0);
    var envoy = fixture.open().decided().responseHeaders(200, "content-type", "application/json");
    envoy.reply();
    envoy.responseBody("{\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}", true);
    envoy.reply();
    envoy.halfClose();

    assertThat(seen().tokens()).isEqualTo(3);
  }

  @Test
  void aSessionsClientIsToldItsIdWhichShowsNoAddress() {
    var first = fixture.open().decided("routing-strategy", "session-affinity").responseHeaders(200);
    String id = Objects.requireNonNull(told(first).get("x-session-id"));
    assertThat(id).matches("[0-9a-f]{16}");

    var next =
        fixture
            .open()
            .decided("routing-strategy", "session-affinity", "x-session-id", id)
            .responseHeaders(200);
    assertThat(told(next)).containsEntry("x-session-id", id);

    var keyed =
        fixture
            .open()
            .decided("routing-strategy", "session-affinity", "x-aibrix-session-key", "alice")
            .responseHeaders(200);
    assertThat(told(keyed).get("x-session-id")).matches("[0-9a-f]{16}").isNotEqualTo(id);
    var other = fixture.open().decided("x-session-id", id).responseHeaders(200);
    assertThat(told(other)).doesNotContainKey("x-session-id");
  }
}
