package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.ModelsFile.Model;
import io.pointsman.e2e.harness.Ports;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.Fault.Stage;
import io.pointsman.e2e.modelserver.ReceivedRequest;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which pod a request comes to, and that it truly comes to the one that the answer names. */
class RoutingTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final byte[] IPV6_LOOPBACK = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  private static final int MEBIBYTE = 1 << 20;

  private static Stack stack;

  @BeforeAll
  static void start() {
    String profiles =
        """
        {"defaultProfile": "calm", "profiles": {"calm": {"routingStrategy": "least-request"}, \
        "wild": {"routingStrategy": "random"}}}""";
    String lock =
        """
        {"lockedRoutingStrategy": "least-request", "profiles": {"default": {}}}""";
    var loopback = InetAddress.getLoopbackAddress();
    stack =
        Stack.named("routing")
            .model("alpha", 3)
            .model("beta", 2)
            .model("profiled", 1, ServerSettings.instant("profiled"), loopback, profiles)
            .model("locked", 1, ServerSettings.instant("locked"), loopback, lock)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=0s", "--health-failures=1000")
            .start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void nothingStaysCounted() {
    servers().forEach(SampleModelServer::heal);
    stack.awaitIdle();
  }

  /** Three tries, since a fair die fails this test once in a hundred times. */
  @ParameterizedTest
  @ValueSource(strings = {"random", ""})
  void randomSpreadsEvenly(String strategy) throws Exception {
    var seen = new ArrayList<Map<String, Integer>>();
    for (int attempt = 0; attempt < 3; attempt++) {
      Map<String, Integer> counts = new HashMap<>();
      for (Reply reply : sendAll(300, Ask.of("alpha"), strategy)) {
        counts.merge(servedBy(reply), 1, Integer::sum);
        assertThat(reply.header("routing-strategy")).isEqualTo("random");
      }
      seen.add(counts);
      // 9.21: the 0.99 quantile of chi-square with two degrees of freedom.
      if (chiSquare(counts, 100, 3) < 9.21) {
        return;
      }
    }
    assertThat(seen).as("three uneven spreads in a row").isEmpty();
  }

  @Test
  void aBurstOfLeastRequestSpreadsExactlyEvenly() throws Exception {
    hangAll("alpha");
    List<CompletableFuture<Reply>> replies = new ArrayList<>();
    for (int i = 0; i < 90; i++) {
      replies.add(stack.client().sendAsync(Ask.of("alpha").withStrategy("least-request")));
    }
    Await.until(
        "all have come", LIMIT, () -> inFlight("alpha").stream().mapToInt(i -> i).sum() == 90);
    assertThat(inFlight("alpha")).containsExactly(30, 30, 30);
    healAll(replies);
  }

  /** One server gives four answers in the time in which another gives one. */
  @Test
  void leastRequestKeepsInFlightWithinOneThoughServersDifferInPace() throws Exception {
    hangAll("alpha");
    List<SampleModelServer> servers = stack.servers("alpha");
    List<CompletableFuture<Reply>> replies = new ArrayList<>();
    Ask ask = Ask.of("alpha").withStrategy("least-request");
    for (int i = 0; i < 10; i++) {
      replies.add(stack.client().sendAsync(ask));
    }
    awaitInFlight(10);
    var random = new SplittableRandom(7);
    for (int step = 0; step < 60; step++) {
      int pace = random.nextInt(7);
      SampleModelServer next = servers.get(pace < 4 ? 0 : pace < 6 ? 1 : 2);
      assertThat(next.release(1)).as("step %d", step).isEqualTo(1);
      awaitInFlight(9);
      replies.add(stack.client().sendAsync(ask));
      awaitInFlight(10);
      assertThat(inFlight("alpha")).as("step %d", step).containsOnly(3, 4).hasSize(3);
    }
    assertThat(servers.get(0).requests()).isGreaterThan(servers.get(2).requests());
    healAll(replies);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /v1/chat/completions      | {"model":"beta","messages":[{"role":"user","content":"hi"}]}
          /v1/completions           | {"model":"beta","prompt":["one","two"]}
          /v1/completions           | {"model":"beta","prompt":[1,2,3]}
          /v1/completions?trace=1&b | {"model":"beta","prompt":"p"}
          /v1/responses             | {"model":"beta","input":"hi"}
          /v1/messages              | {"model":"beta","max_tokens":3,"messages":[{"role":"user","content":"hi"}]}
          /v1/embeddings            | {"model":"beta","input":["one","two"]}
          /v1/rerank                | {"model":"beta","query":"q","documents":["a","b"]}
          /v1/score                 | {"model":"beta","text_1":"a","text_2":"b"}
          /v1/classify              | {"model":"beta","input":"a"}
          /v1/images/generations    | {"model":"beta","prompt":"a pointsman","n":2}
          """)
  void everyApiComesToThePodThatTargetPodNames(String path, String body) throws Exception {
    for (String strategy : List.of("random", "least-request")) {
      Reply reply =
          RawHttp.send(
              stack.envoyPort(),
              RawHttp.request("POST", path, "routing-strategy: " + strategy + "\r\n", body));
      assertThat(reply.status()).as(reply.body()).isEqualTo(200);
      assertThat(servedBy(reply)).isIn(addresses("beta"));
      assertThat(reply.header("routing-strategy")).isEqualTo(strategy);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/audio/transcriptions", "/v1/audio/translations"})
  void aMultipartFormIsRoutedByItsModelField(String path) throws Exception {
    String form =
        """
        --b\r
        Content-Disposition: form-data; name="model"\r
        \r
        beta\r
        --b\r
        Content-Disposition: form-data; name="file"; filename="a.wav"\r
        Content-Type: audio/wav\r
        \r
        RIFF----WAVE\r
        --b--\r
        """;
    Reply reply = stack.client().post(path, "multipart/form-data; boundary=b", form);
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    assertThat(servedBy(reply)).isIn(addresses("beta"));
  }

  @Test
  void thePodGetsBodyQueryAndHeadersAsTheClientSentThem() throws Exception {
    var seen = new CompletableFuture<ReceivedRequest>();
    stack.servers("beta").forEach(server -> server.observe(seen::complete));
    Ask ask =
        Ask.of("beta")
            .withPath("/v1/completions?a=1&model=alpha")
            .withPrompt("z\u00fcg \u2603 \"quoted\"")
            .withHeader("authorization", "Bearer abc")
            .withHeader("x-mine", "1");
    stack.client().send(ask);
    assertThat(seen.get().target()).isEqualTo("/v1/completions?a=1&model=alpha");
    assertThat(seen.get().body()).isEqualTo(ask.body());
    assertThat(seen.get().headers())
        .containsEntry("authorization", List.of("Bearer abc"))
        .containsEntry("x-mine", List.of("1"))
        .containsEntry(
            "content-length",
            List.of(Integer.toString(ask.body().getBytes(StandardCharsets.UTF_8).length)));
  }

  @Test
  void aStreamArrivesPieceByPiece() throws Exception {
    stack.servers("beta").forEach(s -> s.inject(new Fault.Hang(Stage.AFTER_FIRST_BYTES)));
    HttpResponse<InputStream> stream = stack.client().open(Ask.of("beta").streaming());
    try (var lines =
        new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8))) {
      // The server holds the rest back, so this line can only have come through by itself.
      assertThat(lines.readLine()).isEqualTo(":");
      assertThat(stack.plugin().inFlight()).isEqualTo(1);
      stack.servers("beta").forEach(SampleModelServer::heal);
      assertThat(lines.lines().filter(line -> !line.isEmpty())).last().isEqualTo("data: [DONE]");
    }
    assertThat(stream.headers().firstValue("target-pod")).isPresent();
  }

  @ParameterizedTest
  @CsvSource({
    "profiled,               ,       least-request",
    "profiled,               wild,   random",
    "profiled,               no-such,least-request",
    "locked,                 ,       least-request",
  })
  void profilesAndLocksDecideTheStrategy(String model, String profile, String strategy)
      throws Exception {
    Ask ask = Ask.of(model);
    if (profile != null) {
      ask = ask.withHeader("config-profile", profile);
    }
    assertThat(stack.client().send(ask).header("routing-strategy")).isEqualTo(strategy);
  }

  @Test
  void aHeaderGoesBeforeTheProfileButNotBeforeTheLock() throws Exception {
    assertThat(
            stack
                .client()
                .send(Ask.of("profiled").withStrategy("random"))
                .header("routing-strategy"))
        .isEqualTo("random");
    assertThat(
            stack.client().send(Ask.of("locked").withStrategy("random")).header("routing-strategy"))
        .isEqualTo("least-request");
  }

  @Test
  void theModelListNamesEveryModel() throws Exception {
    Reply reply = stack.client().models();
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.json().getAsJsonArray("data"))
        .extracting(model -> model.getAsJsonObject().get("id").getAsString())
        .contains("alpha", "beta", "profiled", "locked");
    Reply head = RawHttp.send(stack.envoyPort(), RawHttp.request("HEAD", "/v1/models", ""));
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("content-length")).isEqualTo(String.valueOf(reply.body().length()));
  }

  @Test
  void aBodyOfExactlyFourMebibytesPassesAndOneByteMoreDoesNot() throws Exception {
    Reply full = stack.client().send(bodyOf(4 * MEBIBYTE));
    assertThat(full.status()).as(full.body()).isEqualTo(200);
    assertThat(servedBy(full)).isIn(addresses("beta"));
    Reply over = stack.client().send(bodyOf(4 * MEBIBYTE + 1));
    assertThat(over.status()).isEqualTo(413);
    assertThat(over.header("x-error-request-body-processing")).isEqualTo("true");
    assertThat(over.json().getAsJsonObject("error").get("type").getAsString())
        .isEqualTo("api_error");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatLeavesIsNotCountedAnyMore(boolean stream) throws Exception {
    Stage stage = stream ? Stage.AFTER_FIRST_BYTES : Stage.BEFORE_HEADERS;
    stack.servers("beta").forEach(server -> server.inject(new Fault.Hang(stage)));
    Ask ask = stream ? Ask.of("beta").streaming() : Ask.of("beta");
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      clients.add(
          RawHttp.open(
              stack.envoyPort(), RawHttp.request("POST", "/v1/completions", "", ask.body())));
    }
    Await.until("all are counted", LIMIT, () -> stack.plugin().inFlight() == 8);
    Await.until(
        "all hang",
        LIMIT,
        () -> stack.servers("beta").stream().mapToInt(s -> s.hungRequests()).sum() == 8);
    for (Socket client : clients) {
      client.close();
    }
    stack.awaitIdle();
    assertThat(stack.plugin().endpoints().getModelsList()).isNotEmpty();
  }

  /** Where the machine has no IPv6 loopback, all but the answer itself is tested. */
  @Test
  void anIpv6PodIsWrittenInBracketsAndReached() throws Exception {
    InetAddress loopback = InetAddress.getByAddress(IPV6_LOOPBACK);
    boolean reachable = Ports.canBind(loopback, stack.freePort());
    String address =
        reachable
            ? stack.startServer(ServerSettings.instant("six"), loopback).address()
            : "[::1]:" + stack.freePort();
    assertThat(address).startsWith("[::1]:");
    var models = new ArrayList<>(stack.models());
    models.add(new Model("six", List.of(address), null));
    stack.modelsFile().write(models);
    Await.until(
        "the plugin knows the pod",
        LIMIT,
        () -> stack.plugin().endpoint(address).getAddress().equals(address));
    for (String strategy : List.of("random", "least-request")) {
      Reply reply = stack.client().send(Ask.of("six").withStrategy(strategy));
      assertThat(reply.status()).isEqualTo(reachable ? 200 : 503);
      assertThat(reply.header("target-pod")).isEqualTo(address);
      assertThat(reply.header("target-pod-ip")).isEqualTo(address);
      assertThat(reply.header("x-served-by")).isEqualTo(reachable ? address : null);
    }
  }

  private static Ask bodyOf(int bytes) {
    Ask empty = Ask.of("beta").withPrompt("").withMaxTokens(1);
    Ask ask = empty.withPrompt("x".repeat(bytes - empty.body().length()));
    assertThat(ask.body()).hasSize(bytes);
    return ask;
  }

  private static List<Reply> sendAll(int count, Ask ask, String strategy) {
    List<CompletableFuture<Reply>> replies = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      replies.add(stack.client().sendAsync(strategy.isEmpty() ? ask : ask.withStrategy(strategy)));
    }
    return replies.stream().map(CompletableFuture::join).toList();
  }

  private static double chiSquare(Map<String, Integer> counts, double expected, int cells) {
    double sum = (cells - counts.size()) * expected;
    for (int count : counts.values()) {
      sum += (count - expected) * (count - expected) / expected;
    }
    return sum;
  }

  /** Who served it; server, answer and gateway must agree. */
  private static String servedBy(Reply reply) {
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    String pod = reply.header("target-pod");
    assertThat(pod).isNotNull();
    assertThat(reply.header("x-served-by")).isEqualTo(pod);
    assertThat(reply.header("target-pod-ip")).isEqualTo(pod);
    return String.valueOf(pod);
  }

  private static void hangAll(String model) {
    stack.servers(model).forEach(s -> s.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
  }

  private static void healAll(List<CompletableFuture<Reply>> replies) {
    servers().forEach(SampleModelServer::heal);
    assertThat(replies).allSatisfy(reply -> assertThat(reply.join().status()).isEqualTo(200));
  }

  private static void awaitInFlight(int count) {
    Await.until(
        "plugin and servers both count " + count,
        LIMIT,
        () ->
            stack.plugin().inFlight() == count
                && stack.servers("alpha").stream().mapToInt(s -> s.hungRequests()).sum() == count
                && inFlight("alpha").stream().mapToInt(i -> i).sum() == count);
  }

  private static List<Integer> inFlight(String model) {
    return stack.servers(model).stream().map(SampleModelServer::inFlight).toList();
  }

  private static List<String> addresses(String model) {
    return stack.servers(model).stream().map(SampleModelServer::address).toList();
  }

  private static List<SampleModelServer> servers() {
    return stack.servers().values().stream().flatMap(List::stream).toList();
  }
}
