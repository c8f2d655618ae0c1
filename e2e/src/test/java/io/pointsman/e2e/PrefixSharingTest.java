package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.Fault.Stage;
import io.pointsman.e2e.modelserver.SampleModelServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Replicas of the plugin that learn from each other through Redis. Each has an Envoy of its own, so
 * that it is known who decides. On four pods one prompt in four would be followed by mere chance;
 * so each test takes several.
 */
class PrefixSharingTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int PODS = 4;
  private static final int PROMPTS = 12;

  /** The gate's spread and the load below which it is open; the plugin's defaults. */
  private static final int SPREAD = 16;

  private static final int FREE = 4;

  private static Stack stack;
  private static ReplicaGateway one;
  private static ReplicaGateway other;

  @BeforeAll
  static void start() throws Exception {
    stack =
        Stack.named("prefix-sharing")
            .model("alpha", PODS)
            .plugins(2)
            .pluginFlags(
                "--routing-algorithm=prefix-cache",
                "--prefix-ramp=0s",
                "--warm-up-time=0s",
                "--drain-grace=0s")
            .start();
    one = ReplicaGateway.of(stack, stack.plugins().get(0));
    other = ReplicaGateway.of(stack, stack.plugins().get(1));
  }

  @AfterAll
  static void stop() {
    one.close();
    other.close();
    stack.close();
  }

  @AfterEach
  void nothingStaysCounted() {
    stack.servers("alpha").forEach(SampleModelServer::heal);
    stack.awaitIdle();
  }

  @Test
  void aPromptLearntByOneReplicaIsFollowedByTheOther() throws Exception {
    for (boolean forth : List.of(true, false)) {
      ReplicaGateway teacher = forth ? one : other;
      ReplicaGateway pupil = forth ? other : one;
      List<Ask> asks = asks("learnt " + forth);
      long decided = pupil.decided();
      List<String> taught = pods(teacher, asks);
      assertThat(pupil.decided()).isEqualTo(decided);
      awaitAlike();
      assertThat(pods(pupil, asks)).isEqualTo(taught);
      assertThat(pupil.decided()).isEqualTo(decided + PROMPTS);
    }
  }

  @Test
  void aReplicaStartedLaterFollowsFromItsFirstRequestOn() throws Exception {
    List<Ask> asks = asks("old");
    var taught = new ArrayList<String>();
    for (Ask ask : asks) {
      taught.add((taught.size() % 2 == 0 ? one : other).podFor(ask));
    }
    awaitAlike();
    int grpcPort = stack.freePort();
    int httpPort = stack.freePort();
    try (var late = ReplicaGateway.ofPorts(stack, grpcPort, httpPort);
        var plugin = stack.startPlugin("plugin-late", grpcPort, httpPort)) {
      late.isFor(plugin);
      var first = new AtomicReference<Reply>();
      // Envoy answers 503 as long as nothing was decided.
      Await.until(
          "the replica serves",
          LIMIT,
          () -> {
            first.set(late.send(asks.get(0)));
            return first.get().status() != 503;
          });
      var followed = new ArrayList<>(List.of(ReplicaGateway.pod(first.get())));
      followed.addAll(pods(late, asks.subList(1, PROMPTS)));
      assertThat(followed).isEqualTo(taught);
      assertThat(late.decided()).isEqualTo(PROMPTS);
    }
  }

  @Test
  void aConversationStaysOnItsPodThroughBothReplicas() throws Exception {
    for (int conversation = 0; conversation < 3; conversation++) {
      var messages = new JsonArray();
      messages.add(message("system", text("the rules of conversation " + conversation)));
      String pod = null;
      for (int turn = 0; turn < 6; turn++) {
        messages.add(message("user", "Question " + turn + ": " + text("the reason " + turn)));
        ReplicaGateway next = turn % 2 == 0 ? one : other;
        long blocks = next.blocks();
        Reply reply = next.chat(chat(messages));
        pod = pod == null ? ReplicaGateway.pod(reply) : pod;
        assertThat(ReplicaGateway.pod(reply)).as("turn %d", turn).isEqualTo(pod);
        assertThat(next.blocks()).as("the turn was new").isGreaterThan(blocks);
        messages.add(message("assistant", answer(reply)));
        awaitAlike();
      }
    }
  }

  /**
   * Requests of one prompt come by twos, one through each replica, and none ends. Before each pair
   * both know of all that came before; so a replica may overlook one request, and not more.
   */
  @Test
  void aHotPrefixLeavesNoPodAboveTheGateAndThePodsShareTheWork() throws Exception {
    List<SampleModelServer> pods = stack.servers("alpha");
    pods.forEach(pod -> pod.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
    Ask hot = Ask.of("alpha").withPrompt(text("the hot prefix"));
    List<CompletableFuture<Reply>> replies = new ArrayList<>();
    for (int pair = 1; pair <= 50; pair++) {
      replies.add(one.sendAsync(hot));
      replies.add(other.sendAsync(hot));
      int sent = 2 * pair;
      Await.until(
          "both replicas know of " + sent + " requests",
          LIMIT,
          () -> inFlight().stream().mapToInt(n -> n).sum() == sent && bothCountRight());
      List<Integer> counts = inFlight();
      int least = counts.stream().mapToInt(n -> n).min().orElseThrow();
      int most = counts.stream().mapToInt(n -> n).max().orElseThrow();
      // A pod that has as many as the gate lets through gets one request more, and one unseen.
      assertThat(most).as("%s", counts).isLessThanOrEqualTo(Math.max(FREE, least + SPREAD) + 2);
    }
    assertThat(inFlight()).as("every pod has its share").allMatch(count -> count >= 100 / PODS / 2);
    pods.forEach(SampleModelServer::heal);
    for (CompletableFuture<Reply> reply : replies) {
      assertThat(reply.get().status()).isEqualTo(200);
    }
  }

  /** Both went quiet at the same time, with a request under way each. */
  @Test
  void aReplicaThatIsKilledIsGoneFromTheCountsAndAQuietOneIsNot() throws Exception {
    stack.servers("alpha").forEach(pod -> pod.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
    int grpcPort = stack.freePort();
    int httpPort = stack.freePort();
    try (var third = ReplicaGateway.ofPorts(stack, grpcPort, httpPort);
        var plugin = stack.startPlugin("plugin-killed", grpcPort, httpPort)) {
      third.isFor(plugin);
      Ask unknown = Ask.of("no-such-model");
      Await.until("the replica answers", LIMIT, () -> third.send(unknown).status() == 400);
      CompletableFuture<Reply> quiet = one.sendAsync(Ask.of("alpha"));
      CompletableFuture<Reply> orphan = third.sendAsync(Ask.of("alpha"));
      Await.until("both are counted", LIMIT, () -> peers(other) == 2);
      plugin.process().kill();
      Await.until("the killed one's request is not", LIMIT, () -> peers(other) != 2);
      assertThat(peers(other)).isEqualTo(1);
      Await.until("nor for the quiet one", LIMIT, () -> peers(one) == 0);
      stack.servers("alpha").forEach(SampleModelServer::heal);
      assertThat(quiet.get().status()).isEqualTo(200);
      assertThat(orphan.get().status()).as("its answer comes all the same").isEqualTo(200);
    }
  }

  private static int peers(ReplicaGateway replica) {
    return stack.servers("alpha").stream()
        .mapToInt(pod -> replica.plugin().endpoint(pod.address()).getPeerInFlight())
        .sum();
  }

  private static List<Integer> inFlight() {
    return stack.servers("alpha").stream().map(SampleModelServer::inFlight).toList();
  }

  private static boolean bothCountRight() {
    return stack.servers("alpha").stream()
        .allMatch(
            pod -> counted(one, pod) == pod.inFlight() && counted(other, pod) == pod.inFlight());
  }

  private static int counted(ReplicaGateway replica, SampleModelServer pod) {
    var report = replica.plugin().endpoint(pod.address());
    return report.getInFlight() + report.getPeerInFlight();
  }

  /** Waits until both replicas know the same blocks. */
  private static void awaitAlike() {
    Await.until(
        "both replicas know the same blocks",
        LIMIT,
        () -> one.blocks() == other.blocks(),
        () -> one.blocks() + " and " + other.blocks());
  }

  private static List<String> pods(ReplicaGateway replica, List<Ask> asks) throws Exception {
    var pods = new ArrayList<String>();
    for (Ask ask : asks) {
      pods.add(replica.podFor(ask));
    }
    return pods;
  }

  private static List<Ask> asks(String topic) {
    var asks = new ArrayList<Ask>();
    for (int i = 0; i < PROMPTS; i++) {
      asks.add(Ask.of("alpha").withPrompt(text(i + " of what is " + topic)));
    }
    return asks;
  }

  private static String text(String topic) {
    return (topic + " is a long story. ").repeat(100);
  }

  private static String chat(JsonArray messages) {
    var body = new JsonObject();
    body.addProperty("model", "alpha");
    body.add("messages", messages);
    return body.toString();
  }

  private static JsonObject message(String role, String content) {
    var message = new JsonObject();
    message.addProperty("role", role);
    message.addProperty("content", content);
    return message;
  }

  private static String answer(Reply reply) {
    JsonObject choice = reply.json().getAsJsonArray("choices").get(0).getAsJsonObject();
    return choice.getAsJsonObject("message").get("content").getAsString();
  }
}
