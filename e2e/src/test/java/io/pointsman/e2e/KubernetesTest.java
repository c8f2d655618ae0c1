package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.MockApiServer;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Pods, labels and annotations through a real Envoy; the API server is a mock that keeps objects
 * and tells of their changes. What a real one would add is said in the discovery's own test.
 */
class KubernetesTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String CONFIG = "model.aibrix.ai/config";
  private static final String ADAPTERS = "model.aibrix.ai/adapters";

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("kubernetes")
            .model("alpha", 2)
            .model("beta", 2, ServerSettings.instant("beta").withDecodeRate(20))
            .model("gamma", 3, ServerSettings.instant("gamma", "sql"))
            .model("delta", 1)
            .pluginFlags(
                "--warm-up-time=0s", "--drain-grace=0s", "--engine-adapters-interval=200ms")
            .kubernetes()
            .start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  private static MockApiServer api() {
    return stack.apiServer();
  }

  private static String address(String model, int i) {
    return stack.servers(model).get(i).address();
  }

  private static String pod(String model, int i) {
    return stack.nameOf(address(model, i));
  }

  private static Reply send(Ask ask) throws IOException {
    return stack.client().send(ask);
  }

  private static void awaitStrategy(String strategy, Ask ask) {
    Await.until(
        "requests for %s go by %s".formatted(ask.model(), strategy),
        LIMIT,
        () -> strategy.equals(send(ask).header("routing-strategy")));
  }

  private static String locked(String strategy) {
    return "{\"lockedRoutingStrategy\": \"%s\", \"profiles\": {\"default\": {}}}"
        .formatted(strategy);
  }

  @Test
  void aPodIsNamedToTheClientAndItsAddressToo() throws IOException {
    Reply reply = send(Ask.of("alpha"));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("target-pod-ip")).isEqualTo(reply.servedBy());
    assertThat(reply.header("target-pod"))
        .isEqualTo(stack.nameOf(String.valueOf(reply.servedBy())));
  }

  @Test
  void aChangedAnnotationChangesRouting() {
    Ask ask = Ask.of("alpha");
    awaitStrategy("random", ask);
    String newest = pod("alpha", 1);
    api().annotate(newest, CONFIG, locked("least-request"));
    awaitStrategy("least-request", ask.withStrategy("random"));

    api()
        .annotate(
            newest, CONFIG, "{\"profiles\": {\"default\": {\"routingStrategy\": \"nonsense\"}}}");
    Await.until("the pod is told", LIMIT, () -> !api().events(newest).isEmpty());
    assertThat(api().events(newest).get(0))
        .contains("profiles.default.routingStrategy", "nonsense");
    awaitStrategy("least-request", ask.withStrategy("random"));

    api().annotate(newest, CONFIG, locked("random"));
    awaitStrategy("random", ask.withStrategy("least-request"));
  }

  @Test
  void aPodThatIsDeletedTakesNothingNewAndEndsWhatItHas() throws Exception {
    Ask slow = Ask.of("beta").withMaxTokens(60).streaming();
    SampleModelServer leaving = stack.servers("beta").get(0);
    CompletableFuture<Reply> running = null;
    while (running == null) {
      CompletableFuture<Reply> sent = stack.client().sendAsync(slow);
      Await.until(
          "the request is under way",
          LIMIT,
          () -> stack.servers("beta").stream().anyMatch(server -> server.inFlight() > 0));
      if (leaving.inFlight() > 0) {
        running = sent;
      } else {
        sent.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      }
    }
    api().delete(pod("beta", 0));
    String kept = address("beta", 1);
    Await.until(
        "the plugin knows",
        LIMIT,
        () -> stack.plugin().endpoint(address("beta", 0)).getState().name().contains("NOT_READY"));
    long before = leaving.requests();
    for (int i = 0; i < 50; i++) {
      assertThat(send(Ask.of("beta").withMaxTokens(1)).servedBy()).isEqualTo(kept);
    }
    assertThat(leaving.requests()).isEqualTo(before);
    assertThat(running).as("the stream outlives the requests above").isNotDone();
    Reply ended = running.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(ended.status()).isEqualTo(200);
    assertThat(ended.isCompleteStream()).isTrue();
    assertThat(ended.servedBy()).isEqualTo(leaving.address());

    api().remove(pod("beta", 0));
    Await.until(
        "the pod is gone",
        LIMIT,
        () -> !stack.plugin().endpoints().toString().contains(address("beta", 0)));
  }

  @Test
  void noClientGetsAroundALock() throws IOException {
    api()
        .annotate(
            pod("delta", 0),
            CONFIG,
            """
            {"lockedRoutingStrategy": "least-request", "lockedProfile": "safe",
             "profiles": {"safe": {"routingStrategy": "prefix-cache"},
                          "big": {"routingStrategy": "random",
                                  "routingConfig": {"promptTokensGte": 0}}}}""");
    awaitStrategy("least-request", Ask.of("delta"));
    for (String headers :
        List.of(
            "routing-strategy: random\r\n",
            "Routing-Strategy: random\r\n",
            "ROUTING-STRATEGY: random\r\nrouting-strategy: prefix-cache\r\n",
            "config-profile: big\r\n",
            "Config-Profile: big\r\n",
            "config-profile: AUTO\r\n",
            "config-profile: nobody\r\n",
            "config-profile: safe\r\nConfig-Profile: big\r\nrouting-strategy: random\r\n",
            "x-aibrix-config-profile: big\r\n")) {
      Reply reply =
          RawHttp.send(
              stack.envoyPort(),
              RawHttp.request("POST", "/v1/completions", headers, Ask.of("delta").body()));

      assertThat(reply.status()).as(headers).isEqualTo(200);
      assertThat(reply.header("routing-strategy")).as(headers).isEqualTo("least-request");
      assertThat(reply.header("x-aibrix-config-profile")).as(headers).isEqualTo("safe");
    }
  }

  /** All three engines have it loaded, and one pod's annotation says that it has not. */
  @Test
  void anAdapterIsServedWhereItIsLoaded() throws IOException {
    Await.until("an engine was asked", LIMIT, () -> send(Ask.of("sql")).status() == 200);
    Await.until("all engines were asked", LIMIT, () -> served("sql", "random").size() == 3);
    api().annotate(pod("gamma", 1), ADAPTERS, "[\"other\"]");
    Await.until("the annotation is known", LIMIT, () -> served("sql", "random").size() == 2);

    Set<String> loaded = Set.of(address("gamma", 0), address("gamma", 2));
    for (String strategy : List.of("random", "least-request", "prefix-cache")) {
      assertThat(loaded).as(strategy).containsAll(served("sql", strategy));
    }
    assertThat(served("gamma", "random")).hasSize(3);
  }

  private static Set<String> served(String model, String strategy) throws IOException {
    Set<String> servers = new HashSet<>();
    for (int i = 0; i < 30; i++) {
      Reply reply = send(Ask.of(model).withStrategy(strategy).withPrompt("prompt " + i));
      assertThat(reply.status()).isEqualTo(200);
      servers.add(String.valueOf(reply.servedBy()));
    }
    return servers;
  }

  @Test
  void withoutTheApiServerRequestsGoOnAndChangesAreFollowedOnceItIsBack() throws IOException {
    api().goAway();
    Await.until(
        "the plugin says so",
        LIMIT,
        () -> stack.plugin().get("/readyz").contains("the last known pods stay"));
    assertThat(stack.plugin().metric("pointsman_discovery_stale_seconds")).isPositive();
    for (int i = 0; i < 50; i++) {
      assertThat(send(Ask.of("gamma")).status()).isEqualTo(200);
    }
    api().comeBack();
    api().annotate(pod("gamma", 2), CONFIG, locked("least-request"));

    awaitStrategy("least-request", Ask.of("gamma"));
    Await.until(
        "all is well again",
        LIMIT,
        () -> stack.plugin().metric("pointsman_discovery_stale_seconds") == 0);
  }
}
