package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several replicas in one process on a real Redis, with real threads and clocks. */
class BudgetsTest {
  private static final LimitSettings OPEN = LimitSettings.DEFAULTS;
  private static final LimitSettings CLOSED = new LimitSettings(false, 1, 1, false);

  private final RedisProcess redis = new RedisProcess();
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  @BeforeEach
  void startRedis() throws Exception {
    redis.start();
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable part : parts) {
      part.close();
    }
    redis.close();
  }

  private RedisMonitor connect() {
    RedisMonitor monitor =
        RedisMonitor.start(
            new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false),
            new SimpleMeterRegistry());
    parts.push(monitor);
    await().until(monitor::isUp);
    return monitor;
  }

  private Budgets replica(LimitSettings settings, String name) {
    var meters = new SimpleMeterRegistry();
    Budgets budgets = Budgets.start(settings, connect(), "test/x", name, meters);
    parts.push(budgets);
    await().until(() -> meters.get("pointsman.limit.shared").gauge().value() == 1);
    return budgets;
  }

  private List<Budgets> replicas(LimitSettings settings, int count) {
    var all = new ArrayList<Budgets>();
    for (int i = 0; i < count; i++) {
      all.add(replica(settings, "r" + i));
    }
    await().until(() -> all.stream().allMatch(budgets -> budgets.contact().replicas() == count));
    return all;
  }

  /** Counts begin anew with each minute, which must not happen in the middle of a test. */
  private static void awaitTheBeginningOfAMinute() {
    await()
        .atMost(Duration.ofSeconds(40))
        .until(() -> System.currentTimeMillis() % 60_000 < 40_000);
  }

  private static Verdict ask(Budgets budgets, Limit limit, long most) {
    return verdict(budgets.admission().need(limit, "user", "alice", most, 1));
  }

  /** On a busy machine a lease can come too late for the first request that needs it. */
  private static void awaitAdmitted(Budgets budgets, Limit limit, long most) {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> ask(budgets, limit, most) instanceof Verdict.Admitted);
  }

  private static Verdict verdict(Admission admission) {
    Verdict verdict = admission.begin();
    if (verdict != null) {
      return verdict;
    }
    return admission.later().orTimeout(20, TimeUnit.SECONDS).join();
  }

  /** Sends many requests to each replica at the same time; returns how many were admitted. */
  private static int flood(List<Budgets> replicas, Limit limit, long most, int each) {
    var floods = new ArrayList<CompletableFuture<Integer>>();
    for (Budgets budgets : replicas) {
      floods.add(
          CompletableFuture.supplyAsync(
              () -> {
                int admitted = 0;
                for (int i = 0; i < each; i++) {
                  admitted += ask(budgets, limit, most) instanceof Verdict.Admitted ? 1 : 0;
                }
                return admitted;
              },
              task -> new Thread(task, "flood").start()));
    }
    return floods.stream().mapToInt(CompletableFuture::join).sum();
  }

  @ParameterizedTest(name = "{0} replicas, {1} a minute")
  @CsvSource({"1, 7", "2, 7", "4, 7", "1, 500", "2, 500", "4, 500", "4, 5000"})
  void replicasTogetherAdmitExactlyTheBudget(int count, int limit) {
    List<Budgets> replicas = replicas(OPEN, count);
    awaitTheBeginningOfAMinute();

    int admitted = flood(replicas, Limit.CALLER_REQUESTS, limit, 2 * limit);
    // What one replica gave back after the others had asked may be had a moment later.
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () ->
                assertThat(
                        ask(replicas.get(0), Limit.CALLER_REQUESTS, limit)
                            instanceof Verdict.Refused)
                    .isTrue());

    assertThat(admitted).isLessThanOrEqualTo(limit).isGreaterThanOrEqualTo(limit * 97 / 100);
  }

  @Test
  void whatADeadReplicaHeldIsNotGivenAgainInItsWindow() {
    Budgets dying = replica(OPEN, "dying");
    Budgets other = replica(OPEN, "other");
    awaitTheBeginningOfAMinute();
    for (int i = 0; i < 30; i++) {
      awaitAdmitted(dying, Limit.CALLER_REQUESTS, 100);
    }
    dying.stop();

    int admitted = flood(List.of(other), Limit.CALLER_REQUESTS, 100, 300);

    assertThat(admitted).isBetween(50, 70);
  }

  @Test
  void requestsInFlightAreCountedOverReplicasAndExpireWithADeadOne() {
    Budgets dying = replica(OPEN, "dying");
    Budgets other = replica(OPEN, "other");
    awaitAdmitted(dying, Limit.CALLER_IN_FLIGHT, 2);
    awaitAdmitted(other, Limit.CALLER_IN_FLIGHT, 2);
    assertThat(ask(other, Limit.CALLER_IN_FLIGHT, 2)).isInstanceOf(Verdict.Refused.class);

    dying.stop();

    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> ask(other, Limit.CALLER_IN_FLIGHT, 2) instanceof Verdict.Admitted);
  }

  @Test
  void aRequestInFlightThatEndsMakesRoomElsewhere() {
    List<Budgets> two = replicas(OPEN, 2);
    Admission first = two.get(0).admission().need(Limit.MODEL_IN_FLIGHT, "m", "p", 1, 1);
    assertThat(verdict(first)).isInstanceOf(Verdict.Admitted.class);
    assertThat(verdict(two.get(1).admission().need(Limit.MODEL_IN_FLIGHT, "m", "p", 1, 1)))
        .isInstanceOf(Verdict.Refused.class);

    first.end(-1);

    await()
        .atMost(Duration.ofSeconds(10))
        .until(
            () ->
                verdict(two.get(1).admission().need(Limit.MODEL_IN_FLIGHT, "m", "p", 1, 1))
                    instanceof Verdict.Admitted);
  }

  @Test
  void tokensThatWereNotUsedCanBeSpentByAnotherReplica() {
    List<Budgets> two = replicas(OPEN, 2);
    awaitTheBeginningOfAMinute();
    Admission all = two.get(0).admission().need(Limit.CALLER_TOKENS, "user", "bob", 10_000, 10_000);
    assertThat(verdict(all)).isInstanceOf(Verdict.Admitted.class);
    assertThat(verdict(tokens(two.get(1), 5_000))).isInstanceOf(Verdict.Refused.class);

    all.end(1_000);

    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> verdict(tokens(two.get(1), 5_000)) instanceof Verdict.Admitted);
  }

  private static Admission tokens(Budgets budgets, long amount) {
    return budgets.admission().need(Limit.CALLER_TOKENS, "user", "bob", 10_000, amount);
  }

  @Test
  void anEmptiedRedisLearnsAgainWhatWasSpent() {
    List<Budgets> replicas = replicas(OPEN, 3);
    awaitTheBeginningOfAMinute();
    int before = flood(replicas, Limit.CALLER_REQUESTS, 300, 60);
    connect().run("flush", client -> client.flushAll());

    int after = 0;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(6);
    while (System.nanoTime() - end < 0) {
      after += flood(replicas, Limit.CALLER_REQUESTS, 300, 20);
    }

    assertThat(before + after).isLessThanOrEqualTo(300).isGreaterThanOrEqualTo(291);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRedisThatIsAwayMeansTheSettingAndSharingResumes(boolean hanging) throws Exception {
    Budgets open = replica(OPEN, "open");
    awaitAdmitted(open, Limit.MODEL_REQUESTS, 1_000);
    takeAway(hanging);

    await().atMost(Duration.ofSeconds(20)).until(() -> open.contact().isLost(open.nanos()));
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> ask(open, Limit.MODEL_REQUESTS, 1_000) instanceof Verdict.Admitted);
    assertThat(open.contact().isLost(open.nanos())).as("by itself").isTrue();

    bringBack(hanging);
    await().atMost(Duration.ofSeconds(20)).until(() -> !open.contact().isLost(open.nanos()));
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> ask(open, Limit.MODEL_REQUESTS, 1_000) instanceof Verdict.Admitted);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void closedNothingThatHasALimitPassesWithoutRedis(boolean hanging) throws Exception {
    Budgets closed = replica(CLOSED, "closed");
    awaitAdmitted(closed, Limit.MODEL_REQUESTS, 1_000);
    takeAway(hanging);

    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> ask(closed, Limit.MODEL_REQUESTS, 1_000) instanceof Verdict.Unavailable);

    bringBack(hanging);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> ask(closed, Limit.MODEL_REQUESTS, 1_000) instanceof Verdict.Admitted);
  }

  private void takeAway(boolean hanging) throws Exception {
    if (hanging) {
      redis.pause();
    } else {
      redis.stop();
    }
  }

  private void bringBack(boolean hanging) throws Exception {
    if (hanging) {
      redis.resume();
    } else {
      redis.start();
    }
  }

  @Test
  void withoutRedisTheBudgetIsDividedByTheSetting() {
    Budgets alone =
        Budgets.start(
            new LimitSettings(true, 4, 1, false), null, "", "", new SimpleMeterRegistry());
    parts.push(alone);
    awaitTheBeginningOfAMinute();

    assertThat(flood(List.of(alone), Limit.CALLER_REQUESTS, 100, 200)).isEqualTo(25);
  }

  @Test
  void idleCountersAreDropped() {
    Budgets budgets = replica(OPEN, "r");
    for (int i = 0; i < 1_000; i++) {
      verdict(budgets.admission().need(Limit.MODEL_REQUESTS, "m", "p" + i, 10, 1));
    }
    assertThat(budgets.counters()).isGreaterThan(100);

    await().atMost(Duration.ofSeconds(30)).until(() -> budgets.counters() == 0);
  }

  @Test
  void aRequestThatIsCancelledWhileItWaitsCostsNothing() {
    Budgets budgets = replica(OPEN, "r");
    awaitTheBeginningOfAMinute();
    for (int i = 0; i < 50; i++) {
      Admission admission = budgets.admission().need(Limit.CALLER_REQUESTS, "user", "carl", 10, 1);
      if (admission.begin() == null) {
        admission.later().cancel(true);
      }
      // As a stream does that ends without having been decided.
      admission.refund();
    }

    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> {
              Admission next =
                  budgets.admission().need(Limit.CALLER_REQUESTS, "user", "carl", 10, 10);
              assertThat(verdict(next)).isInstanceOf(Verdict.Admitted.class);
              next.refund();
            });
  }
}
