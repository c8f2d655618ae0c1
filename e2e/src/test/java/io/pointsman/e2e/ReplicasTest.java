package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two plugin replicas behind one Envoy, and a Redis that comes and goes. */
class ReplicasTest {
  private static final Duration LIMIT = Duration.ofSeconds(40);

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("replicas")
            .model("alpha", 3, ServerSettings.instant("alpha").withDecodeRate(200))
            .plugins(2)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=3s", "--drain-deadline=20s")
            .start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @Test
  void sigtermOfOneOfTwoUnderLoadFailsNoRequest() throws Exception {
    PluginProcess leaving = stack.plugins().get(0);
    PluginProcess staying = stack.plugins().get(1);
    try (Load load = load()) {
      Await.until("answers flow", LIMIT, () -> load.answers() > 50);
      Await.until("both decide", LIMIT, () -> decided(leaving) > 0 && decided(staying) > 0);
      leaving.process().terminate();
      assertThat(leaving.process().awaitExit(LIMIT)).isZero();
      int atEnd = load.answers();
      Await.until("the other one goes on", LIMIT, () -> load.answers() > atEnd + 100);

      leaving.restart();
      leaving.awaitReady();
      Await.until("the first one decides again", LIMIT, () -> decided(leaving) > 0);
      assertThat(load.stop()).isEmpty();
    }
    stack.awaitIdle();
  }

  @Test
  void redisMayGoAndComeBackWithoutAFailedRequest() throws Exception {
    Await.until("both see Redis", LIMIT, () -> redisUp(1));
    try (Load load = load()) {
      Await.until("answers flow", LIMIT, () -> load.answers() > 50);
      stack.redisServer().stop();
      Await.until("both miss Redis", LIMIT, () -> redisUp(0));
      assertReady();
      int without = load.answers();
      Await.until("answers flow without it", LIMIT, () -> load.answers() > without + 100);

      stack.redisServer().start();
      Await.until("both see Redis again", LIMIT, () -> redisUp(1));
      stack.redisServer().pause();
      Await.until("both miss a Redis that hangs", LIMIT, () -> redisUp(0));
      int hanging = load.answers();
      Await.until("answers flow while it hangs", LIMIT, () -> load.answers() > hanging + 100);
      stack.redisServer().resume();
      Await.until("both see Redis again", LIMIT, () -> redisUp(1));
      assertThat(load.stop()).isEmpty();
    }
  }

  private static Load load() {
    return Load.start(
        stack.client(),
        12,
        n -> {
          Ask ask = Ask.of("alpha").withMaxTokens(5 + n % 20);
          ask = n % 2 == 0 ? ask : ask.streaming();
          return n % 3 == 0 ? ask : ask.withStrategy("least-request");
        });
  }

  private static long decided(PluginProcess plugin) {
    return plugin.endpoints().getModels(0).getEndpointsList().stream()
        .mapToLong(pod -> pod.getRequests())
        .sum();
  }

  private static boolean redisUp(int value) {
    return stack.plugins().stream()
        .allMatch(
            plugin ->
                plugin
                    .get("/metrics")
                    .lines()
                    .filter(line -> line.startsWith("pointsman_redis_up"))
                    .anyMatch(line -> Double.parseDouble(line.split(" ", -1)[1]) == value));
  }

  private static void assertReady() {
    stack.plugins().forEach(plugin -> assertThat(plugin.get("/readyz")).isNotEmpty());
  }
}
