package io.pointsman.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.harness.StackBuilder.Roleset;
import io.pointsman.e2e.modelserver.Disaggregation;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.Fault.Stage;
import io.pointsman.e2e.modelserver.ReceivedRequest;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Prefill and decode pods of vLLM's kind behind a real Envoy, found by the models file: pairs, what
 * they are sent, and what becomes of requests when one of them fails.
 */
class PrefillDecodeTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final long HUNDRED_MB = 100_000_000;

  /** Requests go on without a prefill when none can be had, or fail. */
  private static final String LENIENT = "lenient";

  private static final String STRICT = "strict";
  private static final String BUCKETS = "buckets";

  private static final AtomicInteger ASKED = new AtomicInteger();

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("prefill-decode")
            .rolesets(
                LENIENT,
                settings(LENIENT),
                config("\"onPrefillFailure\": \"decode-only\""),
                new Roleset("red", 2, 2),
                new Roleset("blue", 2, 2))
            .rolesets(
                STRICT,
                settings(STRICT),
                config("\"onPrefillFailure\": \"fail\""),
                new Roleset("red", 2, 1))
            .rolesets(
                BUCKETS,
                settings(BUCKETS),
                config("\"onEmptyBucket\": \"combined\""),
                new Roleset("short", 1, 1).forPrompts(0, 100),
                new Roleset("long", 1, 1).forPrompts(101, 1_000),
                new Roleset("whole", 0, 0).withCombined(2))
            .pluginFlags(
                "--warm-up-time=0s",
                "--drain-grace=0s",
                "--prefill-timeout=1500ms",
                "--prefill-deadline=5s",
                "--pd-skip-share=0",
                "--health-base-time=300ms",
                "--health-max-time=600ms",
                "--health-trial-gap=10ms")
            .start();
    // The first calls of a program that has just started may take longer than the time limit.
    stack.servers().keySet().forEach(PrefillDecodeTest::awaitPairs);
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void allComeBack() {
    stack.servers().values().forEach(each -> each.forEach(SampleModelServer::heal));
    stack.servers().values().forEach(each -> each.forEach(server -> server.observe(r -> {})));
    stack.awaitIdle();
    stack.servers().keySet().forEach(PrefillDecodeTest::awaitReady);
  }

  private static ServerSettings settings(String model) {
    return ServerSettings.instant(model)
        .withDisaggregation(
            new Disaggregation(Protocol.VLLM, Role.COMBINED, Duration.ofSeconds(30)));
  }

  private static String config(String routing) {
    return "{\"profiles\": {\"default\": {\"routingStrategy\": \"pd\", \"routingConfig\": {%s}}}}"
        .formatted(routing);
  }

  /** A request whose prompt nobody has seen, so that no pod is preferred for it. */
  private static Ask ask(String model) {
    return Ask.of(model)
        .withPrompt("Request " + ASKED.incrementAndGet() + ": which points? ".repeat(10));
  }

  private static Reply send(Ask ask) throws IOException {
    return stack.client().send(ask);
  }

  private static List<String> addresses(String model, Role role) {
    return stack.servers(model, role).stream().map(SampleModelServer::address).toList();
  }

  /** Holds that a pair of one roleset served a request. */
  private static void assertServedByAPair(String model, Reply reply) {
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    String prefill = reply.header("prefill-target-pod");
    String decode = reply.header("target-pod");
    assertThat(reply.header("x-kv-transfer")).isEqualTo("fetched");
    assertThat(reply.servedBy()).isEqualTo(decode);
    assertThat(addresses(model, Role.PREFILL)).contains(prefill);
    assertThat(addresses(model, Role.DECODE)).contains(decode);
    assertThat(stack.roleset(String.valueOf(prefill)))
        .isEqualTo(stack.roleset(String.valueOf(decode)));
    assertThat(reply.header("prefill-target-pod-ip")).isEqualTo("127.0.0.1");
    assertThat(reply.header("x-prefill-outcome")).isEqualTo("completed");
  }

  @Test
  void twoPodsOfOneRolesetServeARequestAndAllTakePart() throws Exception {
    Set<String> used = new HashSet<>();
    for (int i = 0; i < 40; i++) {
      Reply reply = send(ask(LENIENT));
      assertServedByAPair(LENIENT, reply);
      assertThat(reply.header("routing-strategy")).isEqualTo("pd");
      used.add(reply.header("prefill-target-pod"));
      used.add(reply.header("target-pod"));
    }
    assertThat(used).hasSize(8);
  }

  @Test
  void theDecodePodIsSentWhatTheClientSentAndWhereTheKvCacheIs() throws Exception {
    var seen = new ConcurrentLinkedQueue<ReceivedRequest>();
    stack.servers(STRICT, Role.DECODE).forEach(server -> server.observe(seen::add));
    var asked = new ConcurrentLinkedQueue<ReceivedRequest>();
    stack.servers(STRICT, Role.PREFILL).forEach(server -> server.observe(asked::add));
    String body =
        """
        { "zz": [1.50, 1e3, "\\u00e9\\ud83d\\ude00"],  "model":"strict","max_completion_tokens": 9,
          "stream" : true, "stream_options":{"include_usage":true}, "min_tokens": 4,
          "messages":[{"role":"user","content":"one, two and thr\u00e9e"}], "seed": 12345678901234567890 }
        """;
    Ask chat = Ask.of(STRICT).withPath("/v1/chat/completions?trace=1");

    Reply reply = stack.client().post(chat.withHeader("traceparent", "00-11-22-01"), body);

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("x-kv-transfer")).isEqualTo("fetched");
    assertThat(reply.isCompleteStream()).isTrue();
    ReceivedRequest decode = seen.remove();
    int open = body.indexOf("{") + 1;
    int close = body.lastIndexOf("}");
    assertThat(decode.target()).isEqualTo("/v1/chat/completions?trace=1");
    // All that the client sent is there, byte by byte, in one piece.
    assertThat(decode.body()).contains(body.substring(open, close).strip());
    JsonObject told =
        JsonParser.parseString(decode.body())
            .getAsJsonObject()
            .getAsJsonObject("kv_transfer_params");
    assertThat(told.get("do_remote_prefill").getAsBoolean()).isTrue();
    assertThat(told.get("remote_host").getAsString()).isEqualTo("127.0.0.1");
    assertThat(decode.headers().get("content-length"))
        .containsExactly(Integer.toString(decode.body().getBytes(UTF_8).length));

    ReceivedRequest prefill = asked.remove();
    assertThat(prefill.target()).isEqualTo(decode.target());
    assertThat(prefill.body())
        .contains("[1.50, 1e3, \"\\u00e9\\ud83d\\ude00\"]", "12345678901234567890")
        .doesNotContain("stream_options", "min_tokens");
    assertThat(prefill.headers()).containsEntry("traceparent", List.of("00-11-22-01"));
    assertThat(prefill.headers().get("x-request-id"))
        .isEqualTo(decode.headers().get("x-request-id"));
  }

  @Test
  void authorizationDoesNotReachThePrefillPodUnlessTheOperatorSaysSo() throws Exception {
    var asked = new ConcurrentLinkedQueue<ReceivedRequest>();
    stack.servers(STRICT, Role.PREFILL).forEach(server -> server.observe(asked::add));
    assertServedByAPair(STRICT, send(ask(STRICT).withHeader("authorization", "Bearer secret")));
    assertThat(asked.remove().headers()).doesNotContainKey("authorization");
  }

  @Test
  void aStreamComesWholeAndFromThePair() throws Exception {
    for (int i = 0; i < 10; i++) {
      Reply reply = send(ask(LENIENT).streaming().withMaxTokens(30));
      assertServedByAPair(LENIENT, reply);
      assertThat(reply.isCompleteStream()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"model\":\"strict\",\"prompt\":\"p\",\"kv_transfer_params\":{\"remote_host\":\"10.0.0.1\"}}",
        "{\"model\":\"strict\",\"prompt\":\"p\",\"kv_transfer_params\":null}",
        "{\"model\":\"strict\",\"prompt\":\"p\",\"max_tokens\":5,\"max_tokens\":6}",
        "{\"model\":\"strict\",\"prompt\":\"p\",\"stream\":false,\"\\u0073tream\":true}"
      })
  void aBodyThatBringsTransferParametersOrDuplicatesIsRefused(String body) throws Exception {
    long before = received(STRICT);
    Reply reply = stack.client().post(Ask.of(STRICT), body);
    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.json().getAsJsonObject("error").get("type").getAsString())
        .isEqualTo("invalid_request_error");
    assertThat(received(STRICT)).isEqualTo(before);
  }

  static Stream<Fault> prefillFaults() {
    return Stream.of(
        new Fault.Refuse(),
        new Fault.Reset(Stage.BEFORE_HEADERS),
        new Fault.Reset(Stage.AFTER_FIRST_BYTES),
        new Fault.Hang(Stage.BEFORE_HEADERS),
        new Fault.Hang(Stage.AFTER_FIRST_BYTES),
        new Fault.Slow(Duration.ofSeconds(4)),
        new Fault.Status(500),
        new Fault.Status(503),
        new Fault.Garbage(),
        new Fault.Oversized(HUNDRED_MB));
  }

  private static String reason(Fault fault) {
    if (fault instanceof Fault.Hang || fault instanceof Fault.Slow) {
      return "timeout";
    } else if (fault instanceof Fault.Status) {
      return "status";
    } else if (fault instanceof Fault.Oversized) {
      return "too_large";
    }
    return "connection";
  }

  @ParameterizedTest
  @MethodSource("prefillFaults")
  void whenAPrefillPodFailsAnotherOfItsRolesetComputes(Fault fault) throws Exception {
    SampleModelServer bad = stack.servers(STRICT, Role.PREFILL).get(0);
    SampleModelServer good = stack.servers(STRICT, Role.PREFILL).get(1);
    bad.inject(fault);
    double failures = stack.plugin().metric("pointsman_prefill_failures_total");
    // Chance decides between idle pods; the bad one is asked sooner or later.
    Await.until(
        "the bad pod was asked",
        LIMIT,
        () -> {
          Reply reply = send(ask(STRICT));
          assertServedByAPair(STRICT, reply);
          assertThat(reply.header("prefill-target-pod")).isEqualTo(good.address());
          return stack.plugin().metric("pointsman_prefill_failures_total") > failures;
        });
  }

  @ParameterizedTest
  @MethodSource("prefillFaults")
  void whenNoPrefillPodAnswersTheProfileSaysWhatBecomesOfARequest(Fault fault) throws Exception {
    stack.servers(STRICT, Role.PREFILL).forEach(server -> server.inject(fault));
    stack.servers(LENIENT, Role.PREFILL).forEach(server -> server.inject(fault));

    Reply failed = send(ask(STRICT));
    assertThat(failed.status()).isEqualTo(503);
    assertThat(failed.header("x-error-routing")).isEqualTo("true");
    assertThat(failed.json().getAsJsonObject("error").get("code").getAsString())
        .isEqualTo("service_unavailable");
    assertThat(failed.body()).doesNotContain("127.0.0.1");

    Reply alone = send(ask(LENIENT));
    assertThat(alone.status()).isEqualTo(200);
    assertThat(alone.header("x-kv-transfer")).isEqualTo("recomputed");
    assertThat(alone.header("x-prefill-outcome")).isEqualTo("decode-only; reason=" + reason(fault));
    assertThat(alone.header("prefill-target-pod")).isNull();
    assertThat(addresses(LENIENT, Role.DECODE)).contains(alone.header("target-pod"));
  }

  @Test
  void aPrefillPodThatKeepsFailingIsSetAsideAndComesBack() throws Exception {
    SampleModelServer bad = stack.servers(STRICT, Role.PREFILL).get(0);
    bad.inject(new Fault.Refuse());
    Await.until(
        "the pod is set aside",
        LIMIT,
        () -> {
          assertServedByAPair(STRICT, send(ask(STRICT)));
          return !isReady(bad);
        });
    bad.heal();
    awaitReady(STRICT);
    assertThat(isReady(bad)).isTrue();
  }

  @Test
  void whilePrefillPodsKeepFailingRequestsGoOnWithoutThem() throws Exception {
    stack.servers(LENIENT, Role.PREFILL).forEach(s -> s.inject(new Fault.Status(500)));
    // Far more failures than set pods aside; with all of them aside there would be no pair left.
    for (int i = 0; i < 40; i++) {
      Reply reply = send(ask(LENIENT));
      assertThat(reply.status()).as(reply.body()).isEqualTo(200);
      assertThat(reply.header("x-kv-transfer")).isEqualTo("recomputed");
    }
    assertThat(stack.servers(LENIENT, Role.PREFILL).stream().filter(PrefillDecodeTest::isReady))
        .hasSizeGreaterThanOrEqualTo(2);
    assertThat(stack.servers(LENIENT, Role.DECODE)).allMatch(PrefillDecodeTest::isReady);
  }

  @Test
  void whenADecodePodIsKilledTheOthersGoOn() throws Exception {
    SampleModelServer bad = stack.servers(LENIENT, Role.DECODE).get(0);
    bad.inject(new Fault.Refuse());
    Await.until(
        "the pod is set aside",
        LIMIT,
        () -> {
          Reply reply = send(ask(LENIENT));
          if (reply.status() == 200) {
            assertServedByAPair(LENIENT, reply);
          } else {
            assertThat(reply.status()).isEqualTo(503);
          }
          return !isReady(bad);
        });
  }

  @Test
  void aKvCacheThatIsGoneFailsTheRequestAsTheDecodePodSays() throws Exception {
    for (SampleModelServer decode : stack.servers(STRICT, Role.DECODE)) {
      decode.inject(new Fault.Status(500));
    }
    Reply reply = send(ask(STRICT));
    assertThat(reply.status()).isEqualTo(500);
    assertThat(reply.header("prefill-target-pod")).isNotNull();
  }

  @Test
  void twoHundredRequestsAtOnceOfWhichSomePrefillsFailAllEnd() throws Exception {
    for (String model : List.of(LENIENT, STRICT)) {
      stack
          .servers(model, Role.PREFILL)
          .forEach(server -> server.inject(new Fault.EachNth(10, new Fault.Status(500))));
    }
    var replies = new HashMap<CompletableFuture<Reply>, String>();
    for (int i = 0; i < 200; i++) {
      String model = i % 2 == 0 ? LENIENT : STRICT;
      Ask ask = i % 4 < 2 ? ask(model) : ask(model).streaming();
      replies.put(stack.client().sendAsync(ask), model);
    }
    int pairs = 0;
    for (Map.Entry<CompletableFuture<Reply>, String> entry : replies.entrySet()) {
      Reply reply = entry.getKey().get();
      if (reply.status() != 200) {
        assertThat(entry.getValue()).as(reply.body()).isEqualTo(STRICT);
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.json().has("error")).isTrue();
      } else if (Objects.equals(reply.header("x-prefill-outcome"), "completed")) {
        assertServedByAPair(entry.getValue(), reply);
        pairs++;
      } else {
        assertThat(reply.header("x-prefill-outcome")).startsWith("decode-only; reason=");
      }
    }
    assertThat(stack.plugin().metric("pointsman_prefill_failures_total")).isPositive();
    assertThat(pairs).isGreaterThan(100);
    stack.awaitIdle();
    assertThat(stack.plugin().metric("pointsman_prefill_outstanding")).isZero();
  }

  @Test
  void aClientThatLeavesCancelsItsPrefill() throws Exception {
    stack
        .servers(STRICT, Role.PREFILL)
        .forEach(server -> server.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
    long decoded = stack.servers(STRICT, Role.DECODE).get(0).requests();
    String request = RawHttp.request("POST", "/v1/completions", "", ask(STRICT).body());
    try (Socket client = RawHttp.open(stack.envoyPort(), request)) {
      Await.until("the prefill is under way", LIMIT, () -> hung(STRICT) == 1);
      assertThat(client.isConnected()).isTrue();
    }
    // Well before the prefill's own time limit would be asked for a second pod.
    stack.awaitIdle();
    assertThat(stack.plugin().metric("pointsman_prefill_outstanding")).isZero();
    assertThat(hung(STRICT)).as("nobody else was asked").isEqualTo(1);
    assertThat(stack.servers(STRICT, Role.DECODE).get(0).requests()).isEqualTo(decoded);
  }

  @Test
  void aPromptGoesToTheRolesetOfItsLengthAndWhereThereIsNoneToAPodForWholeRequests()
      throws Exception {
    for (int i = 0; i < 5; i++) {
      assertThat(rolesetFor("word ".repeat(10))).isEqualTo("short");
      assertThat(rolesetFor("word ".repeat(300))).isEqualTo("long");
      Reply whole = send(Ask.of(BUCKETS).withPrompt("word ".repeat(2_000)));
      assertThat(whole.status()).isEqualTo(200);
      assertThat(whole.header("x-kv-transfer")).isEqualTo("whole");
      assertThat(whole.header("prefill-target-pod")).isNull();
      assertThat(addresses(BUCKETS, Role.COMBINED)).contains(whole.header("target-pod"));
    }
  }

  private static String rolesetFor(String prompt) throws IOException {
    Reply reply = send(Ask.of(BUCKETS).withPrompt(prompt));
    assertServedByAPair(BUCKETS, reply);
    return String.valueOf(stack.roleset(String.valueOf(reply.header("target-pod"))));
  }

  private static long hung(String model) {
    return stack.servers(model).stream().mapToInt(SampleModelServer::hungRequests).sum();
  }

  private static long received(String model) {
    return stack.servers(model).stream().mapToLong(SampleModelServer::requests).sum();
  }

  private static boolean isReady(SampleModelServer server) {
    return stack.plugin().endpoint(server.address()).getState().name().equals("STATE_READY");
  }

  private static void awaitPairs(String model) {
    Await.until(
        "a pair serves " + model,
        LIMIT,
        () -> "completed".equals(send(ask(model)).header("x-prefill-outcome")));
  }

  /** Pods that were set aside come back by serving a few requests well. */
  private static void awaitReady(String model) {
    Await.until(
        "every pod of " + model + " is ready",
        LIMIT,
        () -> {
          send(ask(model));
          return stack.servers(model).stream().allMatch(PrefillDecodeTest::isReady);
        },
        () -> stack.plugin().endpoints().toString());
  }
}
