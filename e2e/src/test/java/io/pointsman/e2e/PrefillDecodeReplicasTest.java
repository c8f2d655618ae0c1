package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.harness.StackBuilder.Roleset;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.Fault.Stage;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.proto.admin.v1.EndpointReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two replicas of the plugin that choose among the same pods, under default settings. */
class PrefillDecodeReplicasTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("prefill-decode-replicas")
            .rolesets("alpha", Protocol.VLLM, new Roleset("red", 3, 1))
            .plugins(2)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=0s", "--routing-algorithm=pd")
            .start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void heal() {
    prefills().forEach(SampleModelServer::heal);
    stack.awaitIdle();
  }

  private static List<SampleModelServer> prefills() {
    return stack.servers("alpha", Role.PREFILL);
  }

  private static Ask ask(String name) {
    return Ask.of("alpha").withPrompt("Request " + name + ", which points lead there? ".repeat(10));
  }

  @Test
  void replicasCountEachOthersPrefillsAndSpreadThem() throws Exception {
    try (var first = ReplicaGateway.of(stack, stack.plugins().get(0));
        var second = ReplicaGateway.of(stack, stack.plugins().get(1))) {
      prefills().forEach(server -> server.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
      var replies = new ArrayList<CompletableFuture<Reply>>();

      send(first, 5, replies);
      Await.until("five prefills hang", LIMIT, () -> hung() == 5);
      Await.until(
          "the other replica has heard of them",
          LIMIT,
          () -> peerInFlight(stack.plugins().get(1)) == 5);
      send(second, 4, replies);
      Await.until("nine prefills hang", LIMIT, () -> hung() == 9);

      assertThat(prefills().stream().map(SampleModelServer::hungRequests))
          .as("no pod has more than its share, whoever sent it there")
          .containsExactly(3, 3, 3);
      prefills().forEach(SampleModelServer::heal);
      for (CompletableFuture<Reply> reply : replies) {
        assertThat(reply.get().status()).isEqualTo(200);
        assertThat(reply.get().header("x-kv-transfer")).isEqualTo("fetched");
      }
      stack.awaitIdle();
    }
  }

  @Test
  void aPromptThatTheDecodePodHoldsNeedsNoPrefill() throws Exception {
    Ask ask = ask("known");
    assertThat(stack.client().send(ask).header("x-prefill-outcome")).isEqualTo("completed");
    Reply[] last = new Reply[1];
    Await.until(
        "whichever replica is asked knows",
        LIMIT,
        () -> {
          last[0] = stack.client().send(ask);
          assertThat(last[0].status()).isEqualTo(200);
          return "skipped; reason=cached".equals(last[0].header("x-prefill-outcome"));
        });
    assertThat(last[0].header("prefill-target-pod")).isNull();
    assertThat(last[0].header("x-kv-transfer")).isEqualTo("recomputed");
    JsonObject usage = last[0].json().getAsJsonObject("usage");
    assertThat(usage.getAsJsonObject("prompt_tokens_details").get("cached_tokens").getAsInt())
        .isGreaterThan(usage.get("prompt_tokens").getAsInt() / 2);
  }

  @Test
  void aPrefillMayTakeLongerThanEnvoyWaitsForOtherAnswers() throws Exception {
    // Envoy waits 5 s for an answer of the plugin, unless that asks for more.
    prefills().forEach(server -> server.inject(new Fault.Slow(Duration.ofSeconds(6))));
    Reply reply = stack.client().send(ask("slow"));
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    assertThat(reply.header("x-kv-transfer")).isEqualTo("fetched");
  }

  private static void send(
      ReplicaGateway gateway, int count, List<CompletableFuture<Reply>> replies) {
    for (int i = 0; i < count; i++) {
      replies.add(gateway.sendAsync(ask("number " + replies.size())));
    }
  }

  private static int hung() {
    return prefills().stream().mapToInt(SampleModelServer::hungRequests).sum();
  }

  private static int peerInFlight(PluginProcess plugin) {
    var addresses = prefills().stream().map(SampleModelServer::address).collect(Collectors.toSet());
    return plugin.endpoints().getModels(0).getEndpointsList().stream()
        .filter(endpoint -> addresses.contains(endpoint.getAddress()))
        .mapToInt(EndpointReport::getPeerInFlight)
        .sum();
  }
}
