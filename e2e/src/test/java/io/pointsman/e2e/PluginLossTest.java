package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.GatewayClient;
import io.pointsman.e2e.harness.ModelsFile.Model;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.Fault.Stage;
import io.pointsman.e2e.modelserver.SampleModelServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The only plugin dies while answers run. */
class PluginLossTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int RUNNING = 20;

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("plugin-loss")
            .model("alpha", 2)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=0s")
            .start();
    var models = new ArrayList<>(stack.models());
    models.add(new Model("empty", List.of(), null));
    stack.modelsFile().write(models);
    Await.until(
        "the plugin knows the empty model",
        LIMIT,
        () -> stack.plugin().get("/debug/endpoints").contains("empty"));
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void thePluginComesBackAndRequestsPassAgain() {
    stack.servers("alpha").forEach(SampleModelServer::heal);
    stack.plugin().restart();
    stack.plugin().awaitReady();
    stack.awaitServing();
    stack.awaitIdle();
  }

  @Test
  void failingOpenRunningAnswersFinishAndNewRequestsGet503AndReachNoPod() throws Exception {
    GatewayClient client = failOpen(true);
    List<CompletableFuture<Reply>> running = runningStreams(client);
    stack.plugin().process().kill();
    long before = requests();

    for (int i = 0; i < 50; i++) {
      unavailable(client.send(ask(i)));
    }
    assertThat(requests()).isEqualTo(before);

    stack.servers("alpha").forEach(SampleModelServer::heal);
    for (CompletableFuture<Reply> reply : running) {
      assertThat(reply.get().status()).isEqualTo(200);
      assertThat(reply.get().isCompleteStream()).isTrue();
    }
  }

  @Test
  void failingClosedRunningAnswersAreCutAndNewRequestsGet503AndReachNoPod() throws Exception {
    GatewayClient client = failOpen(false);
    whatThePluginRefusesPassesAsItIs(client);
    whatMatchesNoRouteIsAnsweredWithoutThePlugin();
    List<CompletableFuture<Reply>> running = runningStreams(client);
    stack.plugin().process().kill();
    long before = requests();

    for (int i = 0; i < 50; i++) {
      unavailable(client.send(ask(i)));
    }
    // What matches no route is not the plugin's to decide, so Envoy answers it as ever.
    whatMatchesNoRouteIsAnsweredWithoutThePlugin();
    assertThat(requests()).isEqualTo(before);
    stack.servers("alpha").forEach(SampleModelServer::heal);
    // Envoy resets a stream whose ext_proc stream broke; that is why failing open is the default.
    for (CompletableFuture<Reply> reply : running) {
      Await.until("the answer has ended", LIMIT, reply::isDone);
      assertThat(isWhole(reply)).isFalse();
    }
  }

  @Test
  void killedUnderLoadFailingOpenNoAnswerIsCutOrWrong() throws Exception {
    GatewayClient client = failOpen(true);
    try (Load load = Load.start(client, 12, PluginLossTest::ask)) {
      Await.until("answers flow", LIMIT, () -> load.answers() > 50);
      stack.plugin().process().kill();
      int atDeath = load.answers();
      Await.until("requests meet the dead plugin", LIMIT, () -> load.answers() > atDeath + 200);
      // Whatever else was answered, it was by a 503 that says when to come again.
      assertThat(load.stop())
          .isNotEmpty()
          .allSatisfy(failure -> assertThat(failure).startsWith("503 ").contains("retry-after"));
      assertThat(load.replies())
          .filteredOn(reply -> reply.status() == 200)
          .allMatch(reply -> reply.header("x-served-by") != null);
    }
  }

  private static void whatThePluginRefusesPassesAsItIs(GatewayClient client) throws Exception {
    Reply noEndpoints = client.send(Ask.of("empty"));
    unavailable(noEndpoints);
    assertThat(noEndpoints.header("x-error-no-model-backends")).isEqualTo("true");
    assertThat(message(noEndpoints)).contains("empty");
  }

  private static void whatMatchesNoRouteIsAnsweredWithoutThePlugin() throws Exception {
    Reply options = raw("OPTIONS", "*");
    assertThat(options.status()).isEqualTo(404);
    Reply escaped = raw("GET", "/v1%2fmodels");
    assertThat(escaped.status()).isEqualTo(307);
    assertThat(escaped.header("location")).endsWith("/v1/models");
  }

  private static Reply raw(String method, String path) throws Exception {
    return RawHttp.send(stack.envoyPort(), RawHttp.request(method, path, ""));
  }

  private static void unavailable(Reply reply) {
    assertThat(reply.status()).as(reply.body()).isEqualTo(503);
    assertThat(reply.header("retry-after")).isNotNull();
    assertThat(reply.header("content-type")).startsWith("application/json");
    JsonObject error = reply.json().getAsJsonObject("error");
    assertThat(error.get("type").getAsString()).isEqualTo("overloaded_error");
    assertThat(error.get("code").getAsString()).isEqualTo("service_unavailable");
  }

  private static String message(Reply reply) {
    return reply.json().getAsJsonObject("error").get("message").getAsString();
  }

  private static List<CompletableFuture<Reply>> runningStreams(GatewayClient client) {
    stack.servers("alpha").forEach(s -> s.inject(new Fault.Hang(Stage.AFTER_FIRST_BYTES)));
    List<CompletableFuture<Reply>> replies = new ArrayList<>();
    for (int i = 0; i < RUNNING; i++) {
      replies.add(client.sendAsync(Ask.of("alpha").streaming()));
    }
    Await.until(
        "all have begun",
        LIMIT,
        () -> stack.servers("alpha").stream().mapToInt(s -> s.hungRequests()).sum() == RUNNING);
    // The first bytes must have passed Envoy, and the plugin must have seen the headers.
    Await.until(
        "Envoy has passed their headers on",
        LIMIT,
        () ->
            stack.envoy().stats("^http\\.pointsman\\.downstream_rq_active$").values().stream()
                .anyMatch(active -> active >= RUNNING));
    return replies;
  }

  private static boolean isWhole(CompletableFuture<Reply> reply) {
    try {
      return reply.join().status() == 200 && reply.join().isCompleteStream();
    } catch (CompletionException e) {
      return false;
    }
  }

  /** Returns a client whose connections are all under the new setting. */
  private static GatewayClient failOpen(boolean open) {
    stack.changeSettings(settings -> settings.set("gatewayPlugin.failOpen", open));
    stack
        .envoy()
        .awaitUntil(
            "failing open is " + open,
            LIMIT,
            () -> {
              String dump = stack.envoy().configDump();
              return dump.contains("\"failure_mode_allow\": true") == open
                  && !dump.contains("warming_state");
            });
    return stack.newClient();
  }

  private static Ask ask(int n) {
    Ask ask = Ask.of("alpha").withMaxTokens(3);
    return switch (n % 4) {
      case 0 -> ask;
      case 1 -> ask.withStrategy("random");
      case 2 -> ask.withStrategy("least-request").streaming();
      default -> ask.streaming();
    };
  }

  private static long requests() {
    return stack.servers("alpha").stream().mapToLong(SampleModelServer::requests).sum();
  }
}
