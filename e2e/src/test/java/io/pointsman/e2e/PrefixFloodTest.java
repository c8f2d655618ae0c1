package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.GatewayClient;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.replay.DecisionClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * A plugin process with a small heap and a small block map, flooded over gRPC with unique prompts,
 * as Envoy asks but without an Envoy in between. Their blocks would take 2.5 times the map's
 * budget. The plugin's own tests do the same to its parts with a million prompts.
 */
class PrefixFloodTest {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int BUDGET = 16 << 20;
  private static final int PROMPTS = 40_000;
  private static final int PROMPT_BYTES = 8 << 10;
  private static final int CLIENTS = 16;
  private static final int FOLLOWED = 12;

  @Test
  void aFloodOfUniquePromptsStaysUnderBudgetAndHeapLimitAndRoutingGoesOnRightly() throws Exception {
    try (Stack stack =
            Stack.named("prefix-flood")
                .model("alpha", 4)
                .pluginFlags(
                    "--routing-algorithm=prefix-cache",
                    "--prefix-map-bytes=" + BUDGET,
                    "--prefix-ramp=0s",
                    "--warm-up-time=0s",
                    "--drain-grace=0s")
                .pluginJvmOptions("-Xmx96m", "-XX:+ExitOnOutOfMemoryError")
                .start();
        var flood = new DecisionClient("127.0.0.1:" + stack.plugin().grpcPort())) {
      PluginProcess plugin = stack.plugin();
      var sent = new AtomicInteger();
      ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
      try {
        var done = new ArrayList<Future<?>>();
        for (int i = 0; i < CLIENTS; i++) {
          done.add(clients.submit(() -> send(flood, sent)));
        }
        clients.shutdown();
        Await.until(
            "the flood is over, and the map never above its budget",
            LIMIT,
            () -> {
              assertThat(plugin.metric("pointsman_blockmap_size_bytes"))
                  .isLessThanOrEqualTo(BUDGET);
              return clients.awaitTermination(100, TimeUnit.MILLISECONDS);
            });
        for (Future<?> each : done) {
          each.get();
        }
      } finally {
        clients.shutdownNow();
      }
      assertThat(plugin.metric("pointsman_prefix_matched_blocks_count"))
          .isGreaterThanOrEqualTo(PROMPTS);
      assertThat(plugin.metric("pointsman_blockmap_size_bytes")).isGreaterThan(BUDGET / 2.0);
      assertThat(plugin.metric("pointsman_blockmap_evictions_total")).isPositive();
      stack.awaitIdle();
      assertFollows(stack.client());
    }
  }

  private static void send(DecisionClient flood, AtomicInteger sent) {
    String filling = "x".repeat(PROMPT_BYTES);
    for (int n = sent.getAndIncrement(); n < PROMPTS; n = sent.getAndIncrement()) {
      String body =
          "{\"model\":\"alpha\",\"messages\":[{\"role\":\"user\",\"content\":\"%d %s\"}]}"
              .formatted(n, filling);
      flood.decide("prefix-cache", ByteString.copyFromUtf8(body)).close();
    }
  }

  private static void assertFollows(GatewayClient client) throws Exception {
    for (int i = 0; i < FOLLOWED; i++) {
      Ask ask = Ask.of("alpha").withPrompt("the flood is over, " + i + "y".repeat(PROMPT_BYTES));
      String pod = ReplicaGateway.pod(client.send(ask));
      assertThat(ReplicaGateway.pod(client.send(ask))).isEqualTo(pod);
    }
  }
}
