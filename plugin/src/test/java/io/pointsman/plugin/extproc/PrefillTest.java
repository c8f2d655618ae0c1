package io.pointsman.plugin.extproc;

import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.BUFFERED_PARTIAL;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.FULL_DUPLEX_STREAMED;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.NONE;
import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static io.pointsman.plugin.extproc.FakeEnvoy.set;
import static io.pointsman.plugin.extproc.PrefillPod.answering;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.pointsman.plugin.endpoint.Disaggregation;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.prefill.PrefillSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Prompts that are computed on prefill pods, by real calls to scripted HTTP servers. */
class PrefillTest {
  private static final String HANDED_OVER =
      "{\"id\":\"1\",\"kv_transfer_params\":{\"do_remote_prefill\":true,\"remote_host\":\"localhost\","
          + "\"remote_block_ids\":[1,2]}}";
  private static final String DECODE = "10.0.0.9:8000";
  private static final String START = CHAT.substring(0, CHAT.length() - 1);

  private final List<AutoCloseable> parts = new ArrayList<>();
  private String engine = "vllm";
  private @Nullable String connector;
  private @Nullable String onFailure;
  private Profile.Limits limits = Profile.Limits.NONE;
  private PrefillSettings settings = PrefillSettings.DEFAULTS;

  @AfterEach
  void close() throws Exception {
    for (int i = parts.size() - 1; i >= 0; i--) {
      parts.get(i).close();
    }
  }

  @Test
  void theDecodePodIsToldWhereThePromptsCacheLies() {
    PrefillPod pod = pod(answering(200, HANDED_OVER));
    var fixture = fixture(pod);

    FakeEnvoy envoy = ask(fixture);
    CommonResponse decided = envoy.reply().getRequestBody().getResponse();

    assertThat(pod.bodies)
        .containsExactly(
            START
                + ",\"max_tokens\":1,\"stream\":false,\"kv_transfer_params\":{\"do_remote_decode\":true,"
                + "\"do_remote_prefill\":false,\"remote_engine_id\":null,\"remote_block_ids\":null,"
                + "\"remote_host\":null,\"remote_port\":null}}");
    String body =
        START
            + ",\"kv_transfer_params\":{\"do_remote_prefill\":true,\"remote_host\":\"127.0.0.1\","
            + "\"remote_block_ids\":[1,2]}}";
    assertThat(decided.getBodyMutation().getBody().toStringUtf8()).isEqualTo(body);
    assertThat(set(decided.getHeaderMutation()))
        .containsEntry("target-pod", DECODE)
        .containsEntry("content-length", Integer.toString(body.length()));
    await().until(() -> prefillLoad(fixture) == 0);
    assertThat(fixture.inFlight()).isOne();
    assertThat(responseHeaders(envoy))
        .containsEntry("target-pod", "decode")
        .containsEntry("prefill-target-pod", "prefill-0")
        .containsEntry("prefill-target-pod-ip", "127.0.0.1")
        .containsEntry("x-prefill-outcome", "completed");
    assertThat(fixture.meters.get("pointsman.prefill.duration").timer().count()).isOne();
    assertThat(fixture.meters.get("pointsman.kv.transfer.wait").timer().count()).isOne();
    envoy.cancel();
    await().until(() -> fixture.inFlight() == 0);
  }

  @Test
  void aFullDuplexBodyIsReplacedToo() {
    var fixture = fixture(pod(answering(200, HANDED_OVER)));
    FakeEnvoy envoy =
        fixture
            .open()
            .modes(FULL_DUPLEX_STREAMED, NONE)
            .chatHeaders()
            .body(CHAT.substring(0, 9), false);
    envoy.body(CHAT.substring(9), true);

    CommonResponse decided = envoy.reply().getRequestHeaders().getResponse();
    String body =
        envoy
            .reply()
            .getRequestBody()
            .getResponse()
            .getBodyMutation()
            .getStreamedResponse()
            .getBody()
            .toStringUtf8();

    assertThat(body).startsWith(START + ",\"kv_transfer_params\":");
    assertThat(set(decided.getHeaderMutation()))
        .containsEntry("content-length", Integer.toString(body.length()));
  }

  @Test
  void aClientsOwnTransferParametersAreRefusedHoweverTheyAreSpelled() {
    for (String key : List.of("kv_transfer_params", "\\u006bv_transfer_params")) {
      PrefillPod pod = pod(answering(200, HANDED_OVER));
      var fixture = fixture(pod);

      FakeEnvoy envoy = fixture.open().chatHeaders().body(START + ",\"" + key + "\":{}}");
      envoy.reply();

      assertThat(rejected(envoy).getStatus().getCodeValue()).isEqualTo(400);
      assertThat(pod.bodies).isEmpty();
      await().until(() -> fixture.inFlight() == 0);
    }
  }

  @Test
  void soTheyAreWhereNoCallOfOursIsMade() {
    settings = sidecar();
    for (String key : List.of("kv_transfer_params", "bootstrap_\\u0068ost")) {
      var fixture = fixture(pod(answering(200, HANDED_OVER)));

      FakeEnvoy envoy = fixture.open().chatHeaders().body(START + ",\"" + key + "\":{}}");
      envoy.reply();

      assertThat(rejected(envoy).getStatus().getCodeValue()).isEqualTo(400);
      await().until(() -> fixture.inFlight() == 0);
    }
  }

  @Test
  void soTheyAreWhereTheDecodePodHoldsThePrompt() {
    var fixture = fixture(pod(answering(200, HANDED_OVER)));
    assertThat(bodyOf(askLong(fixture, ""))).contains("kv_transfer_params");
    FakeEnvoy again = askLong(fixture, "");
    again.reply();
    assertThat(responseHeaders(again)).containsEntry("x-prefill-outcome", "skipped; reason=cached");

    FakeEnvoy foul = askLong(fixture, ",\"kv_transfer_params\":{}");

    assertThat(rejected(foul).getStatus().getCodeValue()).isEqualTo(400);
  }

  @Test
  void aPromptThatWasNeverSentToTheDecodePodIsNotHeldForCachedThere() {
    PrefillPod pod = pod(answering(200, HANDED_OVER));
    PrefillPod.Script good = pod.script;
    pod.script = pod.hanging();
    var fixture = fixture(pod);
    FakeEnvoy gone = askLong(fixture, "");
    await().until(() -> !pod.bodies.isEmpty());
    gone.cancel();
    await().until(() -> fixture.inFlight() == 0);
    pod.script = good;

    assertThat(bodyOf(askLong(fixture, ""))).contains("kv_transfer_params");
  }

  @Test
  void anAnswerThatIsNoJsonIsAFailure() {
    var fixture = fixture(pod(answering(200, "<html>")));

    FakeEnvoy envoy = ask(fixture);

    assertThat(envoy.reply().getRequestBody().getResponse().hasBodyMutation()).isFalse();
    assertThat(responseHeaders(envoy))
        .containsEntry("x-prefill-outcome", "decode-only; reason=invalid");
  }

  @Test
  void anotherPrefillPodIsTriedWhenOneFails() {
    for (String failing : List.of("500", "refused", "too large")) {
      PrefillPod good = pod(answering(200, HANDED_OVER));
      PrefillPod bad =
          pod(failing.equals("500") ? answering(500, "{}") : PrefillPod.endless(100 << 20));
      String address = failing.equals("refused") ? closedPort() : bad.address();
      var fixture = fixture(List.of(address, good.address()));

      int tries = 0;
      while (fixture.count("pointsman.prefill.failures") == 0) {
        FakeEnvoy envoy = ask(fixture);
        assertThat(bodyOf(envoy)).as(failing).contains("kv_transfer_params");
        assertThat(responseHeaders(envoy)).containsEntry("prefill-target-pod", "prefill-1");
        envoy.cancel();
        assertThat(++tries).as("requests until one meets the bad pod").isLessThan(200);
      }
      await().until(() -> fixture.inFlight() == 0);
    }
  }

  @Test
  void theDecodePodDoesAllOfItWhenNoPrefillPodWorks() {
    var fixture = fixture(pod(answering(500, "{}")));

    FakeEnvoy envoy = ask(fixture);

    assertThat(envoy.reply().getRequestBody().getResponse().hasBodyMutation()).isFalse();
    assertThat(responseHeaders(envoy))
        .containsEntry("x-prefill-outcome", "decode-only; reason=status")
        .doesNotContainKey("prefill-target-pod");
    assertThat(fixture.count("pointsman.prefill.requests", "outcome", "decode_only")).isOne();
    assertThat(prefillLoad(fixture)).isZero();
  }

  @Test
  void theDecodePodDoesAllOfItWhereNoPrefillPodIsThere() {
    var fixture = fixture(List.of());

    FakeEnvoy envoy = ask(fixture);

    assertThat(envoy.reply().getRequestBody().getResponse().hasBodyMutation()).isFalse();
    assertThat(responseHeaders(envoy))
        .containsEntry("x-prefill-outcome", "decode-only; reason=no_pod");
    assertThat(fixture.count("pointsman.prefill.failures", "reason", "no_pod")).isOne();
  }

  @Test
  void theRequestFailsWhereItsProfileSaysSo() {
    onFailure = "fail";
    var fixture = fixture(pod(answering(500, "{}")));

    ImmediateResponse answer = rejected(ask(fixture));

    assertThat(answer.getStatus().getCodeValue()).isEqualTo(503);
    assertThat(answer.getBody().toStringUtf8()).contains("on a prefill pod: status");
    await().until(() -> fixture.inFlight() == 0);
    await().until(() -> fixture.count("pointsman.requests", "code", "503") == 1);
  }

  @Test
  void aRequestThatIsRefusedForItsPrefillCostsNothing() {
    onFailure = "fail";
    limits = new Profile.Limits(1, null, null, null);
    var fixture = fixture(pod(answering(500, "{}")));

    for (int i = 0; i < 5; i++) {
      assertThat(rejected(ask(fixture)).getStatus().getCodeValue()).isEqualTo(503);
    }
  }

  @Test
  void aRequestWhoseBodyWasCutCannotBePrefilledAndCostsNothing() {
    limits = new Profile.Limits(1, null, null, null);
    var fixture = fixture(pod(answering(200, HANDED_OVER)));

    for (int i = 0; i < 5; i++) {
      FakeEnvoy envoy =
          fixture
              .open()
              .modes(BUFFERED_PARTIAL, NONE)
              .chatHeaders()
              .body(CHAT.substring(0, CHAT.length() - 3), false);
      assertThat(envoy.reply().hasRequestHeaders()).isTrue();
      assertThat(rejected(envoy).getStatus().getCodeValue()).isEqualTo(413);
    }
    await().until(() -> fixture.inFlight() == 0);
  }

  @Test
  void aPodThatHangsIsGivenUpInTime() {
    settings = with(Duration.ofMillis(50), Duration.ofMillis(200), 64);
    PrefillPod pod = pod(answering(200, "{}"));
    pod.script = pod.hanging();
    var fixture = fixture(pod);

    FakeEnvoy envoy = ask(fixture);

    assertThat(envoy.reply().getRequestBody().getResponse().hasBodyMutation()).isFalse();
    assertThat(responseHeaders(envoy))
        .containsEntry("x-prefill-outcome", "decode-only; reason=timeout");
    assertThat(prefillLoad(fixture)).isZero();
  }

  @Test
  void aPodThatKeepsFailingIsSetAside() {
    var fixture = fixture(List.of(closedPort(), pod(answering(200, HANDED_OVER)).address()));

    await()
        .untilAsserted(
            () -> {
              FakeEnvoy envoy = ask(fixture);
              envoy.reply();
              envoy.cancel();
              assertThat(fixture.count("pointsman.health.set.aside")).isOne();
            });
  }

  @Test
  void aClientThatLeavesCancelsThePrefill() {
    PrefillPod pod = pod(answering(200, "{}"));
    pod.script = pod.hanging();
    var fixture = fixture(pod);
    FakeEnvoy envoy = ask(fixture);
    await().until(() -> !pod.bodies.isEmpty());
    assertThat(prefillLoad(fixture)).isOne();

    envoy.cancel();

    await().until(() -> fixture.inFlight() == 0);
    assertThat(fixture.meters.get("pointsman.prefill.outstanding").gauge().value()).isZero();
    await().until(() -> fixture.service.openStreams() == 0);
    assertThat(fixture.count("pointsman.health.failures")).isZero();
  }

  @Test
  void aClientThatLeavesBeforeItsPrefillIsDoneCostsNothing() {
    limits = new Profile.Limits(1, null, null, null);
    PrefillPod pod = pod(answering(200, "{}"));
    pod.script = pod.hanging();
    var fixture = fixture(pod);
    for (int i = 1; i <= 5; i++) {
      int begun = i;
      FakeEnvoy envoy = ask(fixture);
      await().until(() -> pod.bodies.size() == begun);
      envoy.cancel();
      await().until(() -> fixture.inFlight() == 0);
    }
  }

  @Test
  void noMorePrefillsThanAllowedAreUnderWayOnOnePod() {
    settings = with(Duration.ofSeconds(20), Duration.ofSeconds(30), 2);
    var goOn = new CountDownLatch(1);
    PrefillPod pod = pod(PrefillPod.waitingFor(goOn, answering(200, HANDED_OVER)));
    var fixture = fixture(pod);
    FakeEnvoy first = ask(fixture);
    FakeEnvoy second = ask(fixture);
    await().until(() -> pod.bodies.size() == 2);

    FakeEnvoy third = ask(fixture);

    assertThat(third.reply().getRequestBody().getResponse().hasBodyMutation()).isFalse();
    assertThat(responseHeaders(third))
        .containsEntry("x-prefill-outcome", "decode-only; reason=busy");
    goOn.countDown();
    assertThat(bodyOf(first)).contains("kv_transfer_params");
    assertThat(bodyOf(second)).contains("kv_transfer_params");
  }

  @Test
  void onlyHeadersThatAreNamedGoOnToThePrefillPod() {
    PrefillPod pod = pod(answering(200, HANDED_OVER));
    var fixture = fixture(pod);

    FakeEnvoy envoy =
        fixture
            .open()
            .chatHeaders(
                "authorization", "Bearer s3cret", "traceparent", "00-a", "x-request-id", "r1")
            .body(CHAT);
    envoy.reply();
    envoy.reply();

    assertThat(pod.headers.get(0).toLowerCase(Locale.ROOT))
        .contains("traceparent: [00-a]", "x-request-id: [r1]")
        .doesNotContain("s3cret");
  }

  @Test
  void aPromptThatNothingIsHandedOverForIsDecodedAlone() {
    var fixture = fixture(pod(answering(200, "{\"kv_transfer_params\":null}")));

    FakeEnvoy envoy = ask(fixture);

    assertThat(envoy.reply().getRequestBody().getResponse().hasBodyMutation()).isFalse();
    assertThat(responseHeaders(envoy))
        .containsEntry("x-prefill-outcome", "skipped; reason=nothing-handed-over");
  }

  @Test
  void theNeuronConnectorIsSentTheWholeAnswer() {
    connector = "nixl";
    var fixture = fixture(pod(answering(200, "{\"a\": [1.50]}")));

    assertThat(bodyOf(ask(fixture))).isEqualTo(START + ",\"disagg_prefill_resp\":{\"a\": [1.50]}}");
  }

  @Test
  void aConnectorThatIsNotSupportedIsSaidClearly() {
    connector = "mooncake";
    PrefillPod pod = pod(answering(200, HANDED_OVER));
    var fixture = fixture(pod);

    ImmediateResponse answer = rejected(ask(fixture));

    assertThat(answer.getStatus().getCodeValue()).isEqualTo(503);
    assertThat(answer.getBody().toStringUtf8()).contains("on a prefill pod: connector");
    assertThat(pod.bodies).isEmpty();
    await().until(() -> fixture.inFlight() == 0);
  }

  @Test
  void trtllmIsToldWhichHalfIsItsOwn() {
    engine = "trtllm";
    PrefillPod pod =
        pod(
            answering(
                200,
                "{\"prompt_token_ids\":[1,2],\"choices\":[{\"disaggregated_params\":"
                    + "{\"request_type\":\"context_only\",\"opaque_state\":\"x\"}}]}"));
    var fixture = fixture(pod);

    String decode = bodyOf(ask(fixture));

    assertThat(pod.bodies.get(0))
        .startsWith(START + ",\"max_tokens\":1,\"stream\":false,\"disaggregated_params\":")
        .contains("{\"request_type\":\"context_only\",\"disagg_request_id\":");
    assertThat(decode)
        .isEqualTo(
            START
                + ",\"disaggregated_params\":{\"request_type\":\"generation_only\","
                + "\"opaque_state\":\"x\"},\"prompt_token_ids\":[1,2]}");
  }

  @Test
  void sglangsDecodePodIsNotKeptWaiting() {
    engine = "sglang";
    var goOn = new CountDownLatch(1);
    PrefillPod pod = pod(PrefillPod.waitingFor(goOn, answering(200, "{}")));
    var fixture = fixture(pod);

    FakeEnvoy envoy = ask(fixture);
    String decode = bodyOf(envoy);

    await().until(() -> !pod.bodies.isEmpty());
    String meeting = decode.substring(START.length());
    assertThat(meeting)
        .matches(
            ",\"bootstrap_host\":\"127\\.0\\.0\\.1\",\"bootstrap_port\":8998,\"bootstrap_room\":[0-9]+}");
    assertThat(pod.bodies.get(0)).endsWith(meeting).contains("\"max_tokens\":1");
    assertThat(prefillLoad(fixture)).isOne();
    goOn.countDown();
    await().until(() -> prefillLoad(fixture) == 0);
    assertThat(responseHeaders(envoy)).containsEntry("x-prefill-outcome", "beside");
    assertThat(fixture.inFlight()).isOne();
  }

  @Test
  void sglangsPrefillThatFailsIsTheClientsAnswer() {
    engine = "sglang";
    var goOn = new CountDownLatch(1);
    var fixture = fixture(pod(PrefillPod.waitingFor(goOn, answering(500, "{}"))));
    FakeEnvoy envoy = ask(fixture);
    assertThat(bodyOf(envoy)).contains("bootstrap_room");

    goOn.countDown();

    ImmediateResponse answer = envoy.reply().getImmediateResponse();
    assertThat(answer.getStatus().getCodeValue()).isEqualTo(503);
    await().until(() -> fixture.count("pointsman.requests.ended", "outcome", "aborted") == 1);
    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.count("pointsman.requests", "code", "503")).isOne();
  }

  @Test
  void sglangsAnswerIsCutWhenItsPrefillFailsLate() {
    engine = "sglang";
    var goOn = new CountDownLatch(1);
    var fixture = fixture(pod(PrefillPod.waitingFor(goOn, answering(500, "{}"))));
    FakeEnvoy envoy = ask(fixture);
    assertThat(bodyOf(envoy)).contains("bootstrap_room");
    assertThat(responseHeaders(envoy)).containsEntry("prefill-target-pod", "prefill-0");

    goOn.countDown();

    assertThat(envoy.reply().hasImmediateResponse()).isTrue();
    await().until(() -> fixture.count("pointsman.requests.ended", "outcome", "aborted") == 1);
    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.count("pointsman.requests")).isOne();
  }

  @Test
  void aSidecarIsToldThePodInsteadOfACall() {
    settings = sidecar();
    PrefillPod pod = pod(answering(200, HANDED_OVER));
    var fixture = fixture(pod);

    FakeEnvoy envoy = ask(fixture);
    CommonResponse decided = envoy.reply().getRequestBody().getResponse();

    assertThat(decided.hasBodyMutation()).isFalse();
    assertThat(set(decided.getHeaderMutation()))
        .containsEntry("x-prefiller-host-port", pod.address());
    assertThat(prefillLoad(fixture)).isOne();
    assertThat(responseHeaders(envoy)).containsEntry("prefill-target-pod", "prefill-0");
    assertThat(prefillLoad(fixture)).isZero();
    assertThat(pod.bodies).isEmpty();
  }

  @Test
  void envoyIsAskedForTimeWhereItCanBe() {
    settings = askingForTime();
    var goOn = new CountDownLatch(1);
    var fixture = fixture(pod(PrefillPod.waitingFor(goOn, answering(200, HANDED_OVER))));

    FakeEnvoy envoy = ask(fixture);
    ProcessingResponse asked = envoy.reply();
    goOn.countDown();

    assertThat(asked.getOverrideMessageTimeout().getSeconds()).isEqualTo(40);
    assertThat(bodyOf(envoy)).contains("kv_transfer_params");
  }

  private PrefillPod pod(PrefillPod.Script script) {
    var pod = new PrefillPod(script);
    parts.add(pod);
    return pod;
  }

  private static String closedPort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "127.0.0.1:" + socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ExtProcFixture fixture(PrefillPod pod) {
    return fixture(List.of(pod.address()));
  }

  private ExtProcFixture fixture(List<String> prefillAddresses) {
    var pods = new ArrayList<EndpointSpec>();
    for (int i = 0; i < prefillAddresses.size(); i++) {
      pods.add(part("prefill-" + i, prefillAddresses.get(i), Role.PREFILL));
    }
    pods.add(part("decode", DECODE, Role.DECODE));
    var policies = new Profile.Prefill(null, null, false, null, null, onFailure, null);
    var profile =
        new Profile(
            "default", null, Profile.Hints.NONE, limits, policies, Profile.PrefixCache.NONE, null);
    var config = new ModelConfig(null, "default", Map.of("default", profile));
    var model = new ModelSpec("llama", engine, pods, config);
    var fixture = new ExtProcFixture(settings, new Topology(List.of(model)));
    parts.add(fixture);
    return fixture;
  }

  private EndpointSpec part(String name, String address, Role role) {
    return new EndpointSpec(new EndpointKey(address, 0), name, address, true, "set", role)
        .with(new Disaggregation(0, 0, false, connector, Disaggregation.BOOTSTRAP_PORT));
  }

  private static FakeEnvoy ask(ExtProcFixture fixture) {
    FakeEnvoy envoy = fixture.open().chatHeaders().body(CHAT);
    assertThat(envoy.reply().hasRequestHeaders()).isTrue();
    return envoy;
  }

  /** Asks with a prompt of many blocks. */
  private static FakeEnvoy askLong(ExtProcFixture fixture, String more) {
    String prompt = "word ".repeat(400);
    String body =
        "{\"model\":\"llama\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]%s}"
            .formatted(prompt, more);
    FakeEnvoy envoy = fixture.open().chatHeaders().body(body);
    assertThat(envoy.reply().hasRequestHeaders()).isTrue();
    return envoy;
  }

  private static String bodyOf(FakeEnvoy envoy) {
    ProcessingResponse reply = envoy.reply();
    assertThat(reply.hasRequestBody()).as("%s", reply).isTrue();
    return reply.getRequestBody().getResponse().getBodyMutation().getBody().toStringUtf8();
  }

  private static ImmediateResponse rejected(FakeEnvoy envoy) {
    ProcessingResponse reply = envoy.reply();
    assertThat(reply.hasImmediateResponse()).as("%s", reply).isTrue();
    return reply.getImmediateResponse();
  }

  private static Map<String, String> responseHeaders(FakeEnvoy envoy) {
    envoy.responseHeaders(200);
    ProcessingResponse reply = envoy.reply();
    return set(reply.getResponseHeaders().getResponse().getHeaderMutation());
  }

  private static int prefillLoad(ExtProcFixture fixture) {
    int load = 0;
    for (Endpoint endpoint : fixture.registry.pools().all().iterator().next().all()) {
      load += endpoint.role() == Role.PREFILL ? endpoint.inFlight() : 0;
    }
    return load;
  }

  private static PrefillSettings with(Duration call, Duration deadline, int perPod) {
    return new PrefillSettings(
        false, call, deadline, 4 << 20, perPod, 3, List.of("traceparent"), null, true);
  }

  private static PrefillSettings sidecar() {
    return new PrefillSettings(
        true, Duration.ofSeconds(1), Duration.ofSeconds(2), 1024, 64, 3, List.of(), null, true);
  }

  private static PrefillSettings askingForTime() {
    return new PrefillSettings(
        false,
        Duration.ofSeconds(20),
        Duration.ofSeconds(30),
        1 << 20,
        64,
        3,
        List.of(),
        Duration.ofSeconds(40),
        true);
  }
}
