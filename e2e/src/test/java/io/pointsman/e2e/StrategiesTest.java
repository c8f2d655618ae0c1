package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.Fault;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every strategy through Envoy, and what only a real answer can teach one. */
class StrategiesTest {
  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("strategies")
            .model("alpha", 4)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=0s", "--usage-metrics", "--users=any")
            .start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void nothingStaysCounted() {
    stack.servers("alpha").forEach(server -> server.heal());
    stack.awaitIdle();
  }

  private static Reply send(Ask ask) throws IOException {
    Reply reply = stack.client().send(ask);
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    return reply;
  }

  private static String target(Reply reply) {
    return Objects.requireNonNull(reply.header("target-pod-ip"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "random",
        "least-request",
        "power-of-two",
        "prefix-cache",
        "session-affinity",
        "least-latency",
        "least-busy-time",
        "least-utilization",
        "least-kv-cache",
        "least-gpu-cache",
        "throughput",
        "vtc-basic",
        "prefix-cache:2,least-request:1,session-affinity"
      })
  void everyStrategyIsServedAndTold(String strategy) throws IOException {
    for (int i = 0; i < 8; i++) {
      Reply reply =
          send(Ask.of("alpha").withStrategy(strategy).withHeader("user", "user-" + i % 2));
      assertThat(reply.header("routing-strategy")).isEqualTo(strategy);
      assertThat(reply.servedBy()).isEqualTo(reply.header("target-pod"));
    }
  }

  @Test
  void aSessionStaysOnItsServerAndItsIdShowsNoAddress() throws IOException {
    Set<String> targets = new HashSet<>();
    for (int session = 0; session < 20; session++) {
      Ask ask = Ask.of("alpha").withStrategy("session-affinity");
      Reply first = send(ask);
      String id = Objects.requireNonNull(first.header("x-session-id"));
      assertThat(id).matches("[0-9a-f]{16}");
      targets.add(target(first));
      for (int turn = 0; turn < 3; turn++) {
        assertThat(target(send(ask.withHeader("x-session-id", id)))).isEqualTo(target(first));
      }
    }
    assertThat(targets).hasSizeGreaterThan(2);
  }

  @Test
  void leastLatencyLearnsWhichServerIsSlow() throws IOException {
    var slow = stack.servers("alpha").get(1);
    slow.inject(new Fault.Slow(Duration.ofMillis(200)));
    for (int i = 0; i < 40; i++) {
      send(Ask.of("alpha").withStrategy("random"));
    }
    long before = slow.requests();

    for (int i = 0; i < 40; i++) {
      send(Ask.of("alpha").withStrategy("least-latency"));
    }

    assertThat(slow.requests() - before).isZero();
  }
}
