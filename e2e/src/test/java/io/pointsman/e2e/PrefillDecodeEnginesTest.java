package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.MockApiServer;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.harness.StackBuilder.Roleset;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.Fault.Stage;
import io.pointsman.e2e.modelserver.SampleModelServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Prefill and decode pods of every engine behind a real Envoy, told apart by their labels; the API
 * server is a mock that keeps objects and tells of their changes.
 */
class PrefillDecodeEnginesTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String CONFIG = "model.aibrix.ai/config";
  private static final String CONNECTOR = "model.aibrix.ai/kv-connector-type";
  private static final AtomicInteger ASKED = new AtomicInteger();

  private static Stack stack;

  @BeforeAll
  static void start() {
    var red = new Roleset("red", 2, 1);
    var blue = new Roleset("blue", 1, 1);
    stack =
        Stack.named("prefill-decode-engines")
            .rolesets("vllm", Protocol.VLLM, red, blue)
            .rolesets("neuron", Protocol.VLLM_RESPONSE, red, blue)
            .rolesets("sglang", Protocol.SGLANG, red, blue)
            .rolesets("trtllm", Protocol.TRTLLM, red, blue)
            .rolesets(
                "lengths", Protocol.VLLM, new Roleset("short", 1, 1), new Roleset("long", 1, 1))
            .pluginFlags(
                "--warm-up-time=0s",
                "--drain-grace=0s",
                "--routing-algorithm=pd",
                "--prefill-timeout=2s",
                "--pd-skip-share=0",
                "--health-base-time=300ms",
                "--health-max-time=600ms",
                "--health-trial-gap=10ms")
            .kubernetes()
            .start();
    // The first calls of a program that has just started may take longer than the time limit.
    for (String model : stack.servers().keySet()) {
      Await.until("a pair serves " + model, LIMIT, () -> send(ask(model)).status() == 200);
    }
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void allComeBack() {
    stack.servers().values().forEach(each -> each.forEach(SampleModelServer::heal));
    stack.awaitIdle();
  }

  private static MockApiServer api() {
    return stack.apiServer();
  }

  private static Ask ask(String model) {
    return Ask.of(model)
        .withPrompt("Request " + ASKED.incrementAndGet() + ": which points? ".repeat(10));
  }

  private static Reply send(Ask ask) throws IOException {
    return stack.client().send(ask);
  }

  private static List<String> pods(String model, Role role) {
    return stack.servers(model, role).stream()
        .map(server -> stack.nameOf(server.address()))
        .toList();
  }

  private static String roleset(Reply reply) {
    return String.valueOf(stack.roleset(String.valueOf(reply.header("target-pod"))));
  }

  /** Holds that a pair of one roleset served a request. */
  private static void assertServedByAPair(String model, Reply reply) {
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    String prefill = reply.header("prefill-target-pod");
    assertThat(reply.header("x-kv-transfer")).isEqualTo("fetched");
    assertThat(stack.nameOf(String.valueOf(reply.servedBy())))
        .isEqualTo(reply.header("target-pod"));
    assertThat(pods(model, Role.DECODE)).contains(reply.header("target-pod"));
    assertThat(pods(model, Role.PREFILL)).contains(prefill);
    assertThat(stack.roleset(String.valueOf(prefill))).isEqualTo(roleset(reply));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "neuron", "sglang", "trtllm"})
  void pairsShareRequestsByTheirEnginesProtocol(String model) throws Exception {
    Set<String> used = new HashSet<>();
    for (int i = 0; i < 30; i++) {
      Ask ask = i % 2 == 0 ? ask(model) : ask(model).streaming();
      Reply reply = send(ask.withMaxTokens(5));
      assertServedByAPair(model, reply);
      assertThat(reply.body())
          .satisfiesAnyOf(
              body -> assertThat(body).endsWith("data: [DONE]\n\n"),
              body -> assertThat(body).contains("\"completion_tokens\":5"));
      used.add(reply.header("prefill-target-pod"));
      used.add(reply.header("target-pod"));
    }
    assertThat(used).hasSize(5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "neuron", "sglang", "trtllm"})
  void chatsAreSharedToo(String model) throws Exception {
    String chat =
        """
        {"model": "%s", "max_completion_tokens": 4, "stream": true,
         "stream_options": {"include_usage": true},
         "messages": [{"role": "system", "content": "be brief"},
                      {"role": "user", "content": [{"type": "text", "text": "caf\\u00e9 \\ud83d\\ude00"}]}]}"""
            .formatted(model);
    Reply reply = stack.client().post(Ask.of(model).withPath("/v1/chat/completions"), chat);
    assertServedByAPair(model, reply);
    assertThat(reply.body()).contains("\"completion_tokens\":4").endsWith("data: [DONE]\n\n");
  }

  @Test
  void aConnectorThatIsNotSupportedIsSaid() throws Exception {
    for (String pod : pods("vllm", Role.PREFILL)) {
      api().annotate(pod, CONNECTOR, "mooncake");
    }
    // Pod after pod becomes known to have the other connector.
    Await.until("all requests fail", LIMIT, PrefillDecodeEnginesTest::noRequestIsServed);
    Reply reply = send(ask("vllm"));
    assertThat(reply.status()).isEqualTo(503);
    assertThat(reply.body()).contains("connector");

    for (String pod : pods("vllm", Role.PREFILL)) {
      api().annotate(pod, CONNECTOR, "shfs");
    }
    Await.until("all is well again", LIMIT, () -> send(ask("vllm")).status() == 200);
  }

  private static boolean noRequestIsServed() throws IOException {
    for (int i = 0; i < 20; i++) {
      if (send(ask("vllm")).status() != 503) {
        return false;
      }
    }
    return true;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whenSglangsPrefillFailsTheClientIsToldAtOnce(boolean stream) throws Exception {
    Ask ask = stream ? ask("sglang").streaming() : ask("sglang");
    for (Fault fault :
        List.of(new Fault.Status(500), new Fault.Hang(Stage.BEFORE_HEADERS), new Fault.Garbage())) {
      stack.servers("sglang", Role.PREFILL).forEach(server -> server.inject(fault));
      Reply reply = send(ask);
      // Else the decode pod would wait in its room for half a minute.
      assertThat(reply.status()).as("%s: %s", fault, reply.body()).isEqualTo(503);
      assertThat(reply.header("x-error-routing")).isEqualTo("true");
      assertThat(reply.json().has("error")).isTrue();
      assertThat(reply.body()).doesNotContain("127.0.0.1");
    }
  }

  @Test
  void whenSglangsPrefillPodIsKilledTheClientGetsAnError() throws Exception {
    stack.servers("sglang", Role.PREFILL).forEach(server -> server.inject(new Fault.Refuse()));
    // Either is first: the plugin, or the decode pod, which finds nobody at the bootstrap port.
    assertThat(send(ask("sglang")).status()).isIn(500, 503);
  }

  @Test
  void whenSglangsPrefillFailsAfterTheHeadersTheStreamIsBrokenOff() throws Exception {
    stack.servers("sglang", Role.DECODE).forEach(s -> s.inject(new Fault.EarlyHeaders()));
    List<SampleModelServer> prefills = stack.servers("sglang", Role.PREFILL);
    prefills.forEach(server -> server.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
    HttpResponse<InputStream> response = stack.client().open(ask("sglang").streaming());
    assertThat(response.statusCode()).isEqualTo(200);
    String body;
    try {
      body = new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      body = "";
    }
    assertThat(body).doesNotContain("[DONE]");
  }

  @Test
  void aClientThatLeavesEndsSglangsPrefill() throws Exception {
    List<SampleModelServer> prefills = stack.servers("sglang", Role.PREFILL);
    prefills.forEach(server -> server.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
    String request = RawHttp.request("POST", "/v1/completions", "", ask("sglang").body());
    try (Socket client = RawHttp.open(stack.envoyPort(), request)) {
      Await.until(
          "the prefill is under way",
          LIMIT,
          () -> prefills.stream().mapToInt(SampleModelServer::hungRequests).sum() == 1);
      assertThat(client.isConnected()).isTrue();
    }
    stack.awaitIdle();
    assertThat(stack.plugin().metric("pointsman_prefill_outstanding")).isZero();
  }

  @Test
  void aPrefillPodThatIsDeletedIsAskedNoMore() throws Exception {
    SampleModelServer leaving = stack.servers("trtllm", Role.PREFILL).get(0);
    String pod = stack.nameOf(leaving.address());
    api().delete(pod);
    Await.until(
        "the plugin knows",
        LIMIT,
        () -> !stack.plugin().endpoint(leaving.address()).getState().name().equals("STATE_READY"));
    for (int i = 0; i < 20; i++) {
      Reply reply = send(ask("trtllm"));
      assertServedByAPair("trtllm", reply);
      assertThat(reply.header("prefill-target-pod")).isNotEqualTo(pod);
    }
  }

  @Test
  void eachPodSaysForWhichPromptsItIs() throws Exception {
    for (SampleModelServer server : stack.servers("lengths")) {
      String bounds =
          "short".equals(stack.roleset(server.address()))
              ? "\"promptLenBucketMinLength\": 0, \"promptLenBucketMaxLength\": 100"
              : "\"promptLenBucketMinLength\": 101, \"promptLenBucketMaxLength\": 1000";
      api()
          .annotate(
              stack.nameOf(server.address()),
              CONFIG,
              "{\"profiles\": {\"default\": {\"routingConfig\": {%s}}}}".formatted(bounds));
    }
    String tooLong = "word ".repeat(2_000);
    Await.until(
        "nobody takes what is too long for all",
        LIMIT,
        () -> send(Ask.of("lengths").withPrompt(tooLong)).status() == 503);
    for (int i = 0; i < 5; i++) {
      assertThat(roleset(send(Ask.of("lengths").withPrompt("word ".repeat(10 + i)))))
          .isEqualTo("short");
      assertThat(roleset(send(Ask.of("lengths").withPrompt("word ".repeat(300 + i)))))
          .isEqualTo("long");
    }
  }
}
