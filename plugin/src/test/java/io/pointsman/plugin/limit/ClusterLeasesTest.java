package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

/** Several replicas on a real Redis Cluster, in which scripts must name keys of one slot. */
class ClusterLeasesTest {
  private static final int REPLICAS = 3;
  private static final int BUDGET = 600;
  private static final Pattern EVALS = Pattern.compile("cmdstat_eval:calls=(\\d+)");

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  @TempDir private Path folder;

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable part : parts) {
      part.close();
    }
  }

  private Budgets replica(RedisProcess cluster, String name) {
    RedisMonitor redis =
        RedisMonitor.start(
            RedisTarget.parse("redis-cluster://127.0.0.1:" + cluster.port()),
            new SimpleMeterRegistry());
    parts.push(redis);
    await().atMost(Duration.ofSeconds(30)).until(redis::isUp);
    Budgets budgets =
        Budgets.start(
            LimitSettings.DEFAULTS, redis, "test/cluster", name, new SimpleMeterRegistry());
    parts.push(budgets);
    return budgets;
  }

  private static boolean isAdmitted(Budgets budgets, int number) {
    Admission admission =
        budgets
            .admission()
            .need(Limit.CALLER_REQUESTS, "key", "alice", BUDGET, 1)
            .need(Limit.CALLER_TOKENS, "key", "alice", 1_000_000, 10)
            .need(Limit.CALLER_IN_FLIGHT, "key", "alice", 100, 1)
            .need(Limit.MODEL_REQUESTS, "model-" + number % 20, "p", 1_000, 1);
    Verdict known = admission.begin();
    Verdict verdict =
        known != null ? known : admission.later().orTimeout(20, TimeUnit.SECONDS).join();
    admission.end(10);
    return verdict instanceof Verdict.Admitted;
  }

  private static int evals(Jedis admin) {
    var found = EVALS.matcher(admin.info("commandstats"));
    return found.find() ? Integer.parseInt(found.group(1)) : 0;
  }

  @Test
  void budgetsHoldOnAClusterThatForgetsTheScript() throws Exception {
    RedisProcess cluster = RedisProcess.startCluster(folder);
    parts.push(cluster);
    List<Budgets> replicas = new ArrayList<>();
    for (int i = 0; i < REPLICAS; i++) {
      replicas.add(replica(cluster, "r" + i));
    }
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> replicas.stream().allMatch(one -> one.contact().replicas() == REPLICAS));
    // Counts begin anew with each minute, which must not happen in the middle of a test.
    await()
        .atMost(Duration.ofSeconds(40))
        .until(() -> System.currentTimeMillis() % 60_000 < 35_000);

    var admitted = new AtomicInteger();
    try (var admin = new Jedis("127.0.0.1", cluster.port())) {
      int evals = evals(admin);
      for (int i = 0; i < 2 * BUDGET; i++) {
        if (i % 300 == 150) {
          admin.scriptFlush();
        }
        admitted.addAndGet(isAdmitted(replicas.get(i % REPLICAS), i) ? 1 : 0);
      }
      assertThat(evals(admin) - evals).as("scripts that were sent again").isPositive();
    }

    // What one replica gave back after the others had asked may be had a moment later.
    await()
        .atMost(Duration.ofSeconds(10))
        .until(
            () -> {
              for (int i = 0; i < BUDGET / 10; i++) {
                admitted.addAndGet(isAdmitted(replicas.get(i % REPLICAS), i) ? 1 : 0);
              }
              return admitted.get() >= BUDGET * 97 / 100;
            });
    assertThat(admitted.get()).isLessThanOrEqualTo(BUDGET);
    assertThat(replicas).allMatch(one -> !one.contact().isLost(one.nanos()));
  }
}
