package io.pointsman.plugin.extproc;

import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.STREAMED;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Value;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.UserPolicy;
import io.pointsman.plugin.limit.LimitSettings;
import io.pointsman.plugin.routing.RoutingSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What limits do to requests; this replica counts alone, and windows are a minute or in flight. */
class LimitsTest {
  /** The hash of the key {@code secret}, with room for limits. */
  private static final String KEYS =
      """
      keys:
        - name: batch
          sha256: 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
      """;

  /** What a chat of "1234" with a limit of 100 tokens is charged: role and text are two tokens. */
  private static final int CHARGED = 102;

  private static final String[] KEY = {"authorization", "Bearer secret"};

  @TempDir private Path folder;

  private final List<AutoCloseable> parts = new ArrayList<>();
  private ExtProcFixture fixture = new ExtProcFixture();

  @BeforeEach
  void closeWhatIsThere() {
    fixture.close();
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
    for (AutoCloseable part : parts) {
      part.close();
    }
  }

  private void start(String keyLimits, Profile.Limits profile, LimitSettings settings)
      throws Exception {
    start(keyLimits, profile, settings, ExtProcSettings.DEFAULTS, RoutingSettings.DEFAULTS);
  }

  private void start(
      String keyLimits,
      Profile.Limits profile,
      LimitSettings limits,
      ExtProcSettings settings,
      RoutingSettings routing)
      throws Exception {
    awaitTheBeginningOfAMinute();
    Path file = folder.resolve("keys.yaml");
    Files.writeString(file, KEYS + keyLimits);
    var identity = new IdentitySettings(null, file, false, UserPolicy.OFF, true, false);
    var authenticator = Authenticator.start(identity, "", null, new SimpleMeterRegistry());
    parts.add(authenticator);
    var only =
        new Profile(
            "default",
            null,
            Profile.Hints.NONE,
            profile,
            Profile.Prefill.NONE,
            Profile.PrefixCache.NONE,
            null);
    var config = new ModelConfig(null, "default", Map.of("default", only));
    var model =
        new ModelSpec(
            "llama",
            "vllm",
            List.of(ExtProcFixture.pod("llama-0", ExtProcFixture.ADDRESS)),
            config);
    fixture =
        new ExtProcFixture(
            settings,
            authenticator,
            AuditLog.off(new SimpleMeterRegistry()),
            limits,
            routing,
            new Topology(List.of(model)));
  }

  /** Counts begin anew with each minute, which must not happen in the middle of a test. */
  private static void awaitTheBeginningOfAMinute() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> System.currentTimeMillis() % 60_000 < 50_000);
  }

  private static String limits(int requests, int tokens, int inFlight) {
    return "    requestsPerMinute: %d\n    tokensPerMinute: %d\n    requestsInFlight: %d\n"
        .formatted(requests, tokens, inFlight);
  }

  /** Sends a request; its second reply is the decision. */
  private FakeEnvoy ask(String body) {
    return fixture.open().chatHeaders(KEY).body(body);
  }

  private static ProcessingResponse decision(FakeEnvoy envoy) {
    assertThat(envoy.reply().hasRequestHeaders()).isTrue();
    return envoy.reply();
  }

  private static Map<String, String> refusal(FakeEnvoy envoy, int status) {
    ImmediateResponse refused = decision(envoy).getImmediateResponse();
    assertThat(refused.getStatus().getCodeValue()).isEqualTo(status);
    return FakeEnvoy.set(refused.getHeaders());
  }

  private static Map<String, String> answered(FakeEnvoy envoy) {
    assertThat(decision(envoy).hasRequestBody()).isTrue();
    envoy.responseHeaders(200, "content-type", "application/json");
    return FakeEnvoy.set(envoy.reply().getResponseHeaders().getResponse().getHeaderMutation());
  }

  @Test
  void theRequestAfterTheLastOneOfItsMinuteIsRefusedAndToldWhenToComeAgain() throws Exception {
    start(limits(2, 0, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);

    Map<String, String> first = answered(ask(FakeEnvoy.CHAT));
    answered(ask(FakeEnvoy.CHAT));
    FakeEnvoy third = ask(FakeEnvoy.CHAT);
    Map<String, String> refused = refusal(third, 429);

    assertThat(first)
        .containsEntry("x-ratelimit-limit-requests", "2")
        .containsEntry("x-ratelimit-remaining-requests", "1")
        .containsKey("x-ratelimit-reset-requests")
        .doesNotContainKey("x-ratelimit-limit-tokens");
    assertThat(refused)
        .containsEntry("x-error-rpm-exceeded", "true")
        .containsEntry("x-ratelimit-limit-requests", "2")
        .containsEntry("x-ratelimit-remaining-requests", "0");
    assertThat(Integer.parseInt(refused.get("retry-after"))).isBetween(1, 60);
    assertThat(fixture.count("pointsman.limit.decisions", "result", "refused")).isOne();
  }

  @Test
  void errorNamesTheLimitInTheContractsForm() throws Exception {
    start(limits(1, 0, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    answered(ask(FakeEnvoy.CHAT));
    FakeEnvoy second = ask(FakeEnvoy.CHAT);

    String body = decision(second).getImmediateResponse().getBody().toStringUtf8();

    assertThat(body)
        .isEqualTo(
            "{\"error\":{\"message\":\"the limit of 1 requests per minute is reached\","
                + "\"type\":\"rate_limit_error\",\"code\":\"rate_limit_exceeded\",\"param\":null}}");
  }

  @Test
  void requestsThatAreNotSentCostNothing() throws Exception {
    start(limits(2, 0, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    for (int i = 0; i < 20; i++) {
      FakeEnvoy badStrategy =
          fixture
              .open()
              .chatHeaders("authorization", "Bearer secret", "routing-strategy", "nonsense")
              .body(FakeEnvoy.CHAT);
      refusal(badStrategy, 400);
      refusal(ask(FakeEnvoy.CHAT.replace("llama", "unknown")), 400);
    }

    assertThat(answered(ask(FakeEnvoy.CHAT))).containsEntry("x-ratelimit-remaining-requests", "1");
  }

  @Test
  void eachProfileHasItsOwnRequestsInFlightAndAnEndOfOneMakesRoom() throws Exception {
    start("", new Profile.Limits(null, null, 2, null), LimitSettings.DEFAULTS);
    FakeEnvoy first = ask(FakeEnvoy.CHAT);
    decision(first);
    decision(ask(FakeEnvoy.CHAT));

    Map<String, String> refused = refusal(ask(FakeEnvoy.CHAT), 429);
    first.cancel();

    assertThat(refused)
        .containsEntry("x-error-model-inflight-exceeded", "true")
        .containsEntry("retry-after", "1");
    assertThat(decision(ask(FakeEnvoy.CHAT)).hasRequestBody()).isTrue();
  }

  @Test
  void requestsInFlightOfAKeyAreLimited() throws Exception {
    start(limits(0, 0, 1), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    decision(ask(FakeEnvoy.CHAT));

    assertThat(refusal(ask(FakeEnvoy.CHAT), 429)).containsKey("x-error-inflight-exceeded");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "application/json| {\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20}}| 30",
        "application/json| {\"type\":\"message\",\"usage\":{\"input_tokens\":7,\"output_tokens\":5}}| 12",
        "application/json| {\"response\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":6}}}| 13",
        "application/json| {\"choices\":[]}| 102",
        "text/event-stream| data: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}~~data:"
            + " {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":40}}~~data: [DONE]~~| 41",
        "text/event-stream| data: {\"choices\":[]}~~data: [DONE]~~| 102",
        "text/plain| whatever| 102"
      },
      delimiter = '|')
  void whatAnAnswerDidNotUseComesBack(String type, String answer, int used) throws Exception {
    start(limits(0, 10_000, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    String text = answer.replace('~', '\n');
    FakeEnvoy envoy = ask(chat("1234", ",\"max_tokens\":100"));
    decision(envoy);
    envoy.responseHeaders(200, "content-type", type);
    envoy.responseBody(text.substring(0, text.length() / 2), false);
    envoy.responseBody(text.substring(text.length() / 2), true);
    envoy.halfClose();

    Map<String, String> next = answered(ask(chat("1234", ",\"max_tokens\":100")));

    assertThat(next)
        .containsEntry("x-ratelimit-limit-tokens", "10000")
        .containsEntry("x-ratelimit-remaining-tokens", Integer.toString(10_000 - used - CHARGED));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "data: {\"choices\":[]}~~| 102",
        // Continuous usage tells what there was so far.
        "data: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":40}}~~data: {\"cho| 41",
        // The first event of Anthropic's streams knows nothing of the answer.
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1,"
            + "\"output_tokens\":1}}}~~data: {\"type\":\"content_block_delta\"}~~| 102",
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1}}}~~| 102",
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1,"
            + "\"output_tokens\":1}}}~~data: {\"type\":\"message_delta\",\"usage\":"
            + "{\"output_tokens\":50}}~~| 51"
      },
      delimiter = '|')
  void aStreamThatIsLeftCostsWhatWasChargedUnlessItToldWhatItHad(String answer, int used)
      throws Exception {
    start(limits(0, 10_000, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    FakeEnvoy envoy = ask(chat("1234", ",\"max_tokens\":100"));
    decision(envoy);
    envoy.responseHeaders(200, "content-type", "text/event-stream");
    envoy.responseBody(answer.replace('~', '\n'), false);
    envoy.cancel();

    Map<String, String> next = answered(ask(chat("1234", ",\"max_tokens\":100")));

    assertThat(next)
        .containsEntry("x-ratelimit-remaining-tokens", Integer.toString(10_000 - used - CHARGED));
  }

  private static String chat(String content, String more) {
    return "{\"model\":\"llama\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]%s}"
        .formatted(content, more);
  }

  @Test
  void tokensAreBoundedByWhatIsCharged() throws Exception {
    start(limits(0, 250, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    decision(ask(chat("1234", ",\"max_tokens\":100")));
    decision(ask(chat("1234", ",\"max_tokens\":100")));

    Map<String, String> refused = refusal(ask(chat("1234", ",\"max_tokens\":100")), 429);

    assertThat(refused)
        .containsEntry("x-error-tpm-exceeded", "true")
        .containsEntry("x-ratelimit-limit-tokens", "250");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "chat/completions| \"messages\":[{\"content\":\"1234\"}]| \"max_tokens\":1,"
            + "\"max_completion_tokens\":1000| 1001",
        "chat/completions| \"messages\":[{\"content\":\"1234\"}]| \"max_output_tokens\":1| 1025",
        "chat/completions| \"messages\":[{\"content\":\"1234\"}]| \"max_tokens\":0| 1025",
        "chat/completions| \"messages\":[{\"content\":\"1234\"}]| \"max_tokens\":10,\"n\":5| 51",
        "chat/completions| \"messages\":[{\"content\":\"1234\"}]| \"n\":2| 2049",
        "chat/completions| \"messages\":[{\"content\":\"1234\"}]| \"max_tokens\":2147483647,"
            + "\"n\":2147483647| 10000",
        "completions| \"prompt\":[\"1234\",\"1234\"]| \"max_tokens\":10,\"best_of\":3| 62",
        "responses| \"input\":\"1234\"| \"max_tokens\":1| 1025",
        "responses| \"input\":\"1234\"| \"max_output_tokens\":7,\"n\":9| 8"
      },
      delimiter = '|')
  void chargesTheMostThatARequestAsksFor(String path, String prompt, String more, int charged)
      throws Exception {
    start(limits(0, 10_000, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);

    Map<String, String> told =
        answered(
            fixture
                .open()
                .headers("/v1/" + path, KEY)
                .body("{\"model\":\"llama\"," + prompt + "," + more + "}"));

    assertThat(told)
        .containsEntry("x-ratelimit-remaining-tokens", Integer.toString(10_000 - charged));
  }

  /** Flags and details are those of Envoy for what happened. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "32| upstream_reset_before_response_started{connection_failure}| 10| 10000",
        "128| upstream_reset_before_response_started{overflow}| 10| 10000",
        "-1| upstream_reset_before_response_started{remote_connection_failure}| 10| 10000",
        "-1| upstream_reset_before_response_started{connection_timeout}| 10| 10000",
        "-1| upstream_reset_before_response_started{overflow}| 10| 10000",
        // It was sent, and the pod did not answer it.
        "64| upstream_reset_before_response_started{connection_termination}| 9| 10000",
        "0| via_upstream| 9| 10000",
        // The first attempt could not reach its pod, the next one did.
        "32| via_upstream| 9| 10000",
        "96| upstream_reset_before_response_started{connection_termination}| 9| 10000",
      },
      delimiter = '|')
  void aRequestThatCouldNotReachItsPodCostsNothing(
      int flags, String details, int requests, int tokens) throws Exception {
    start(limits(10, 10_000, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);

    errorOfEnvoy(503, flags, details);

    assertThat(answered(ask(chat("1234", ",\"max_tokens\":100"))))
        .containsEntry("x-ratelimit-remaining-requests", Integer.toString(requests - 1))
        .containsEntry("x-ratelimit-remaining-tokens", Integer.toString(tokens - CHARGED));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "4| response_timeout| 102",
        "-1| upstream_per_try_timeout| 102",
        "-1| upstream_max_stream_duration_reached| 102",
        "65536| stream_idle_timeout| 102",
        // The pod's own, and one after a first attempt that took too long.
        "0| via_upstream| 0",
        "4| via_upstream| 0",
        "36| upstream_reset_before_response_started{connection_failure}| 0",
      },
      delimiter = '|')
  void aRequestThatEnvoyGivesUpCostsWhatWasCharged(int flags, String details, int used)
      throws Exception {
    start(limits(0, 10_000, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);

    errorOfEnvoy(504, flags, details);

    assertThat(answered(ask(chat("1234", ",\"max_tokens\":100"))))
        .containsEntry("x-ratelimit-remaining-tokens", Integer.toString(10_000 - used - CHARGED));
  }

  @Test
  void aRequestThatItsProfileBreaksOffCostsWhatWasCharged() throws Exception {
    start(limits(0, 10_000, 0), new Profile.Limits(null, null, null, 1), LimitSettings.DEFAULTS);
    FakeEnvoy envoy = ask(chat("1234", ",\"max_tokens\":100"));
    assertThat(decision(envoy).hasRequestBody()).isTrue();
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> envoy.pending() > 0);
    assertThat(envoy.reply().getImmediateResponse().getStatus().getCodeValue()).isEqualTo(504);

    assertThat(answered(ask(chat("1234", ",\"max_tokens\":100"))))
        .containsEntry("x-ratelimit-remaining-tokens", Integer.toString(10_000 - 2 * CHARGED));
  }

  private void errorOfEnvoy(int status, int flags, String details) {
    FakeEnvoy envoy = ask(chat("1234", ",\"max_tokens\":100"));
    assertThat(decision(envoy).hasRequestBody()).isTrue();
    @Nullable Value number = flags < 0 ? null : Value.newBuilder().setNumberValue(flags).build();
    envoy.send(
        FakeEnvoy.responseHeaders(status, false, "content-type", "text/plain")
            .putAllAttributes(UpstreamOutcomeTest.message(details, number).getAttributesMap()));
    envoy.halfClose();
  }

  @Test
  void errorsOfAPodCostNoTokens() throws Exception {
    start(limits(0, 150, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    for (int i = 0; i < 5; i++) {
      FakeEnvoy envoy = ask(chat("1234", ",\"max_tokens\":100"));
      assertThat(decision(envoy).hasRequestBody()).isTrue();
      envoy.responseHeaders(500, "content-type", "application/json");
      envoy.halfClose();
    }
  }

  @ParameterizedTest
  @CsvSource({"5, 0, SEND", "0, 5, SEND", "0, 0, SKIP"})
  void responsesOfChargedRequestsAreSeenWhateverElseIsOff(
      int requests, int tokens, HeaderSendMode expected) throws Exception {
    var nothing = new ExtProcSettings(1000, null, false, false, false, false, false);
    start(
        limits(requests, tokens, 0),
        Profile.Limits.NONE,
        LimitSettings.DEFAULTS,
        nothing,
        RoutingSettings.DEFAULTS);

    FakeEnvoy envoy = fixture.open().chatHeaders(KEY);

    assertThat(envoy.reply().getModeOverride().getResponseHeaderMode()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"5, SEND", "0, SKIP"})
  void responsesOfRequestsThatAreDecidedAndChargedOnHeadersAreSeen(
      int perSecond, HeaderSendMode expected) throws Exception {
    var nothing = new ExtProcSettings(1000, null, true, false, false, false, false);
    start(
        "",
        new Profile.Limits(perSecond == 0 ? null : perSecond, null, null, null),
        LimitSettings.DEFAULTS,
        nothing,
        RoutingSettings.DEFAULTS);

    FakeEnvoy envoy = fixture.open().chatHeaders(KEY);

    assertThat(envoy.reply().getModeOverride().getResponseHeaderMode()).isEqualTo(expected);
  }

  @Test
  void onlyAnswersThatAreChargedByTokensComeThroughHere() throws Exception {
    start(limits(10, 0, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    FakeEnvoy byRequests = ask(FakeEnvoy.CHAT);
    decision(byRequests);
    byRequests.responseHeaders(200, "content-type", "application/json");
    assertThat(byRequests.reply().hasModeOverride()).isFalse();
    fixture.close();

    start(limits(10, 100_000, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    FakeEnvoy byTokens = ask(FakeEnvoy.CHAT);
    decision(byTokens);
    byTokens.responseHeaders(200, "content-type", "application/json");
    assertThat(byTokens.reply().getModeOverride().getResponseBodyMode()).isEqualTo(STREAMED);
  }

  @Test
  void streamThatDoesNotTellItsUsageIsRefused() throws Exception {
    start(limits(0, 10_000, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);

    Map<String, String> refused = refusal(ask(chat("hi", ",\"stream\":true")), 400);

    assertThat(refused)
        .containsEntry(
            "x-error-no-stream-options-include-usage", "include usage for stream options not set");
    String good = ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
    assertThat(decision(ask(chat("hi", good))).hasRequestBody()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ",\"stream\":true",
        ",\"stream\":true,\"stream_options\":{\"include_usage\":false}",
        ",\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true}"
      })
  void streamIsMadeToTellItsUsageBySetting(String more) throws Exception {
    start(limits(0, 10_000, 0), Profile.Limits.NONE, new LimitSettings(true, 1, 10, true));

    ProcessingResponse decided = decision(ask(chat("hi", more)));

    String body = decided.getRequestBody().getResponse().getBodyMutation().getBody().toStringUtf8();
    assertThat(body).contains("\"include_usage\":true").startsWith("{\"model\":\"llama\"");
    assertThat(FakeEnvoy.set(decided.getRequestBody().getResponse().getHeaderMutation()))
        .containsEntry("content-length", Integer.toString(body.length()));
  }

  @Test
  void aRequestThatTakesTooLongIsBrokenOff() throws Exception {
    start("", new Profile.Limits(null, null, null, 1), LimitSettings.DEFAULTS);
    FakeEnvoy envoy = ask(FakeEnvoy.CHAT);
    decision(envoy);

    Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> envoy.pending() > 0);
    ImmediateResponse refused = envoy.reply().getImmediateResponse();

    assertThat(refused.getStatus().getCodeValue()).isEqualTo(504);
    assertThat(FakeEnvoy.set(refused.getHeaders())).containsEntry("x-error-routing", "true");
    assertThat(fixture.inFlight()).isZero();
  }

  @Test
  void aPodThatHasAllItMayGetsNoMore() throws Exception {
    start(
        "",
        Profile.Limits.NONE,
        LimitSettings.DEFAULTS,
        ExtProcSettings.DEFAULTS,
        new RoutingSettings("random", Duration.ZERO, false, 2));
    FakeEnvoy first = ask(FakeEnvoy.CHAT);
    decision(first);
    decision(ask(FakeEnvoy.CHAT));

    Map<String, String> refused = refusal(ask(FakeEnvoy.CHAT), 503);
    first.cancel();

    assertThat(refused).containsEntry("x-error-routing", "true").containsEntry("retry-after", "1");
    assertThat(decision(ask(FakeEnvoy.CHAT)).hasRequestBody()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"NONE", "STREAMED", "BUFFERED_PARTIAL", "FULL_DUPLEX_STREAMED"})
  void limitsHoldInEveryBodyMode(BodySendMode mode) throws Exception {
    start(limits(3, 0, 0), Profile.Limits.NONE, LimitSettings.DEFAULTS);
    int refused = 0;
    for (int i = 0; i < 5; i++) {
      FakeEnvoy envoy = fixture.open().modes(mode, BodySendMode.NONE).chatHeaders(KEY);
      if (mode == BodySendMode.BUFFERED_PARTIAL || mode == BodySendMode.FULL_DUPLEX_STREAMED) {
        envoy.body(FakeEnvoy.CHAT, true);
      }
      @Nullable ProcessingResponse last = null;
      while (last == null || envoy.pending() > 0) {
        last = envoy.reply();
      }
      refused += last.hasImmediateResponse() ? 1 : 0;
    }

    assertThat(refused).isEqualTo(2);
  }
}
