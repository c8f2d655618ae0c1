package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/**
 * A Redis that is killed, hangs, is full or was never there, while both replicas of the plugin
 * route by prefix. No request may fail, decisions go on, and afterwards the replicas follow each
 * other again. Each replica has an Envoy of its own, so that it is known who decides.
 */
class RedisFaultsTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int CLIENTS = 4;
  private static final int CONVERSATIONS = 20;
  private static final int DECISIONS = 100;

  /** On four pods so many are not followed by mere chance. */
  private static final int PROMPTS = 12;

  private static Stack stack;
  private static ReplicaGateway one;
  private static ReplicaGateway other;
  private static int topics;

  @BeforeAll
  static void start() throws Exception {
    stack =
        Stack.named("redis-faults")
            .model("alpha", 4, ServerSettings.instant("alpha").withDecodeRate(400))
            .plugins(2)
            .pluginFlags(
                "--routing-algorithm=prefix-cache",
                "--prefix-ramp=0s",
                "--redis-recovery-deadline=1s",
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

  @BeforeEach
  void theReplicasAgree() {
    awaitAgreement();
  }

  @AfterEach
  void nothingStaysCounted() {
    stack.awaitIdle();
  }

  /** Requests of many conversations through both replicas, as steady load. */
  private static final class Traffic implements AutoCloseable {
    private final Load first = Load.start(one.client(), CLIENTS, Traffic::ask);
    private final Load second = Load.start(other.client(), CLIENTS, Traffic::ask);

    private static Ask ask(int n) {
      String conversation = text("conversation " + n % CONVERSATIONS);
      Ask ask = Ask.of("alpha").withPrompt(conversation + text("turn " + n));
      return n % 2 == 0 ? ask : ask.streaming();
    }

    /** Waits until each replica has routed some more requests. */
    void awaitDecisions() {
      int firstBefore = first.answers();
      int secondBefore = second.answers();
      Await.until(
          "both replicas decide",
          LIMIT,
          () ->
              first.answers() >= firstBefore + DECISIONS
                  && second.answers() >= secondBefore + DECISIONS);
    }

    void stopWithoutAFailure() throws InterruptedException {
      assertThat(first.stop()).isEmpty();
      assertThat(second.stop()).isEmpty();
    }

    @Override
    public void close() {
      first.close();
      second.close();
    }
  }

  @Test
  void redisIsKilledAndComesBackEmpty() throws Exception {
    List<Ask> meanwhile = asks();
    List<String> taught;
    try (var traffic = new Traffic()) {
      traffic.awaitDecisions();
      stack.redisServer().kill();
      awaitDown(one);
      awaitDown(other);
      traffic.awaitDecisions();
      taught = pods(one, meanwhile);
      stack.redisServer().start();
      awaitUp();
      traffic.awaitDecisions();
      traffic.stopWithoutAFailure();
    }
    awaitAgreement();
    assertThat(pods(other, meanwhile)).as("learnt while Redis was away").isEqualTo(taught);
  }

  @Test
  void redisHangsAndTheOtherReplicasCountsFadeUntilItGoesOn() throws Exception {
    Ask endless = Ask.of("alpha").withMaxTokens(1 << 20).streaming();
    HttpResponse<InputStream> held = one.client().open(endless);
    String pod = held.headers().firstValue("target-pod").orElseThrow();
    List<Ask> meanwhile = asks();
    List<String> taught;
    try (InputStream answer = held.body();
        var traffic = new Traffic()) {
      Await.until("the other replica counts it", LIMIT, () -> peers(other, pod) > 0);
      traffic.awaitDecisions();
      stack.redisServer().pause();
      awaitDown(one);
      awaitDown(other);
      taught = pods(one, meanwhile);
      Await.until("the count has faded", LIMIT, () -> peers(other, pod) == 0);
      traffic.awaitDecisions();
      stack.redisServer().resume();
      awaitUp();
      Await.until("it is counted again", LIMIT, () -> peers(other, pod) > 0);
      traffic.stopWithoutAFailure();
      assertThat(answer.read()).as("the long answer goes on").isNotNegative();
    }
    awaitAgreement();
    assertThat(pods(other, meanwhile)).as("learnt while Redis hung").isEqualTo(taught);
  }

  @Test
  void redisIsFullUntilItsMemoryIsRaised() throws Exception {
    List<Ask> meanwhile = asks();
    List<String> taught;
    try (var traffic = new Traffic()) {
      traffic.awaitDecisions();
      limitRedis("1mb");
      Await.until("both say that Redis is full", LIMIT, () -> saysFull(one) && saysFull(other));
      traffic.awaitDecisions();
      taught = pods(one, meanwhile);
      assertThat(one.plugin().metric("pointsman_block_news_waiting_hashes")).isPositive();
      limitRedis("0");
      traffic.awaitDecisions();
      traffic.stopWithoutAFailure();
    }
    awaitAgreement();
    assertThat(pods(other, meanwhile)).as("learnt while Redis was full").isEqualTo(taught);
  }

  @Test
  void redisIsNotThereAtTheStartAndComesLater() throws Exception {
    stack.redisServer().stop();
    other.plugin().process().terminate();
    other.plugin().process().awaitExit(LIMIT);
    other.plugin().restart();
    other.plugin().awaitReady();
    awaitDown(one);
    awaitDown(other);
    Await.until("Envoy finds the replica", LIMIT, () -> other.send(ask()).status() == 200);
    List<Ask> meanwhile = asks();
    List<String> taught;
    try (var traffic = new Traffic()) {
      traffic.awaitDecisions();
      taught = pods(other, meanwhile);
      stack.redisServer().start();
      awaitUp();
      traffic.awaitDecisions();
      traffic.stopWithoutAFailure();
    }
    awaitAgreement();
    assertThat(pods(one, meanwhile)).as("learnt before Redis came").isEqualTo(taught);
  }

  /** Waits until what one replica learns is followed by the other, both ways. */
  private static void awaitAgreement() {
    Await.until(
        "the replicas follow each other",
        LIMIT,
        () -> isFollowed(one, other) && isFollowed(other, one),
        () -> one.plugin().process().logTail() + other.plugin().process().logTail());
  }

  private static boolean isFollowed(ReplicaGateway teacher, ReplicaGateway pupil)
      throws IOException {
    List<Ask> asks = asks();
    return pods(teacher, asks).equals(pods(pupil, asks));
  }

  /** A replica without Redis is ready, and says since when. */
  private static void awaitDown(ReplicaGateway replica) {
    Await.until(
        "a replica misses Redis",
        LIMIT,
        () -> replica.plugin().get("/readyz").contains("down since 20"));
  }

  private static void awaitUp() {
    for (ReplicaGateway replica : List.of(one, other)) {
      Await.until(
          "a replica sees Redis again",
          LIMIT,
          () -> replica.plugin().metric("pointsman_redis_up") == 1);
    }
  }

  private static int peers(ReplicaGateway replica, String pod) {
    return replica.plugin().endpoint(pod).getPeerInFlight();
  }

  private static boolean saysFull(ReplicaGateway replica) {
    return replica
        .plugin()
        .process()
        .output()
        .contains("kept back until Redis takes them: reason=OOM");
  }

  private static void limitRedis(String maxMemory) {
    try (var jedis = new Jedis("127.0.0.1", stack.redisServer().port())) {
      jedis.configSet("maxmemory", maxMemory);
    }
  }

  private static List<String> pods(ReplicaGateway replica, List<Ask> asks) throws IOException {
    var pods = new ArrayList<String>();
    for (Ask ask : asks) {
      pods.add(replica.podFor(ask));
    }
    return pods;
  }

  /** Prompts that nobody has seen. */
  private static List<Ask> asks() {
    var asks = new ArrayList<Ask>();
    for (int i = 0; i < PROMPTS; i++) {
      asks.add(ask());
    }
    return asks;
  }

  private static Ask ask() {
    topics++;
    return Ask.of("alpha").withMaxTokens(1).withPrompt(text("topic " + topics));
  }

  private static String text(String topic) {
    return (topic + " is a long story. ").repeat(30);
  }
}
