package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.Fault.Stage;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.proto.admin.v1.EndpointReport;
import io.pointsman.proto.admin.v1.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Pods that fail are set aside and come back; what is not their fault does them no harm. */
class PassiveHealthTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Ask ASK = Ask.of("alpha").withStrategy("least-request");

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("passive-health")
            .model("alpha", 4)
            .pluginFlags(
                "--warm-up-time=0s",
                "--drain-grace=0s",
                "--health-base-time=300ms",
                "--health-max-time=600ms",
                "--health-trial-gap=10ms")
            .setting("envoyPatchPolicy.route.perTryIdleTimeout", "500ms")
            .start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void allComeBack() {
    stack.servers("alpha").forEach(SampleModelServer::heal);
    Await.until(
        "every pod is ready again",
        LIMIT,
        () -> {
          stack.client().send(ASK);
          return inState(State.STATE_READY) == 4;
        },
        () -> reports().toString());
    stack.awaitIdle();
  }

  static Stream<Fault> faults() {
    return Stream.of(
        new Fault.Refuse(),
        new Fault.Reset(Stage.BEFORE_HEADERS),
        new Fault.Status(502),
        new Fault.Status(503),
        new Fault.Status(504));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void aFailingPodIsSetAsideAndLeftAloneAndComesBack(Fault fault) throws Exception {
    SampleModelServer bad = stack.servers("alpha").get(0);
    bad.inject(fault);
    // Three failures in a row are what it takes.
    for (int failures = 0; failures < 3; ) {
      assertThat(state(bad)).isEqualTo(State.STATE_READY);
      failures += stack.client().send(ASK).status() == 200 ? 0 : 1;
    }
    Await.until(
        "the pod is set aside",
        LIMIT,
        () -> state(bad) != State.STATE_READY,
        () -> reports().toString());
    assertThat(inState(State.STATE_READY)).isEqualTo(3);

    bad.heal();
    long before = bad.requests();
    Await.until(
        "the pod serves again",
        LIMIT,
        () -> {
          Reply reply = stack.client().send(ASK);
          assertThat(reply.status()).isEqualTo(200);
          return state(bad) == State.STATE_READY && bad.requests() > before;
        },
        () -> reports().toString());
  }

  @Test
  void halfOfThePodsStayInWhateverHappens() throws Exception {
    List<SampleModelServer> servers = stack.servers("alpha");
    servers.subList(0, 3).forEach(server -> server.inject(new Fault.Status(503)));
    for (int i = 0; i < 60; i++) {
      stack.client().send(ASK);
      assertThat(inState(State.STATE_READY)).isGreaterThanOrEqualTo(2);
    }
    assertThat(state(servers.get(3))).isEqualTo(State.STATE_READY);
  }

  @Test
  void anErrorThatIsTheRequestsOwnSetsNobodyAside() throws Exception {
    for (int status : List.of(400, 404, 429, 500)) {
      stack.servers("alpha").forEach(server -> server.inject(new Fault.Status(status)));
      for (int i = 0; i < 24; i++) {
        assertThat(stack.client().send(ASK).status()).isEqualTo(status);
      }
    }
    awaitBooked();
    assertThat(reports()).allMatch(pod -> pod.getConsecutiveFailures() == 0);
    assertThat(inState(State.STATE_READY)).isEqualTo(4);
  }

  @Test
  void aTimeOutOfEnvoySetsNobodyAside() throws Exception {
    stack.servers("alpha").forEach(s -> s.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
    List<CompletableFuture<Reply>> replies = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      replies.add(stack.client().sendAsync(ASK));
    }
    assertThat(replies).allMatch(reply -> reply.join().status() == 504);
    awaitBooked();
    assertThat(inState(State.STATE_READY)).isEqualTo(4);
  }

  @Test
  void aBreakerThatOverflowsSetsNobodyAside() throws Exception {
    stack.changeSettings(
        settings ->
            settings
                .set("envoyPatchPolicy.circuitBreakers.maxRequests", 2)
                .set("envoyPatchPolicy.route.perTryIdleTimeout", "30s"));
    awaitBreaker(2);
    stack.servers("alpha").forEach(s -> s.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
    List<CompletableFuture<Reply>> held = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      held.add(stack.client().sendAsync(ASK));
    }
    Await.until(
        "two requests are held",
        LIMIT,
        () -> stack.servers("alpha").stream().mapToInt(s -> s.hungRequests()).sum() == 2);
    for (int i = 0; i < 40; i++) {
      Reply reply = stack.client().send(ASK);
      assertThat(reply.status()).isEqualTo(503);
      assertThat(reply.header("retry-after")).isNotNull();
    }
    assertThat(
            stack
                .envoy()
                .stats("^cluster\\.pointsman_pods\\.upstream_rq_active_overflow$")
                .values())
        .anyMatch(overflows -> overflows >= 40);
    assertThat(reports()).allMatch(pod -> pod.getConsecutiveFailures() == 0);
    assertThat(inState(State.STATE_READY)).isEqualTo(4);

    stack.servers("alpha").forEach(SampleModelServer::heal);
    held.forEach(reply -> assertThat(reply.join().status()).isEqualTo(200));
    stack.changeSettings(
        settings ->
            settings
                .set("envoyPatchPolicy.circuitBreakers.maxRequests", 1024)
                .set("envoyPatchPolicy.route.perTryIdleTimeout", "500ms"));
    awaitBreaker(1024);
  }

  private static void awaitBreaker(int maxRequests) {
    stack
        .envoy()
        .awaitUntil(
            "the breaker is at " + maxRequests,
            LIMIT,
            () ->
                stack.envoy().stats("circuit_breakers\\.default\\.remaining_rq$").values().stream()
                    .anyMatch(left -> left == maxRequests));
  }

  /** A failure is booked when the plugin has seen its end, which is after the client has. */
  private static void awaitBooked() {
    stack.awaitIdle();
  }

  private static State state(SampleModelServer server) {
    return stack.plugin().endpoint(server.address()).getState();
  }

  private static long inState(State state) {
    return reports().stream().filter(pod -> pod.getState() == state).count();
  }

  private static List<EndpointReport> reports() {
    return stack.plugin().endpoints().getModels(0).getEndpointsList();
  }
}
