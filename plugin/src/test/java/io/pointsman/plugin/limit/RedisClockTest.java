package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.limit.SimulatedReplicas.Charge;
import io.pointsman.plugin.limit.SimulatedReplicas.Counted;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of budgets when the clock of Redis is set. */
class RedisClockTest {
  private static final Limit PER_SECOND = Limit.MODEL_REQUESTS;
  private static final int LIMIT = 200;

  private static void run(SimulatedReplicas all, long ms) {
    for (long end = all.nowMs() + ms; all.nowMs() < end; ) {
      all.step(1_000);
      all.replicas
          .get(all.random.nextInt(all.replicas.size()))
          .request(new Charge(PER_SECOND, LIMIT, 1));
    }
  }

  private static SimulatedReplicas replicas(long seed, int count) throws Exception {
    var all = new SimulatedReplicas(seed);
    for (int i = 0; i < count; i++) {
      all.add(LimitSettings.DEFAULTS);
    }
    run(all, 3_000);
    return all;
  }

  /** Until Redis' clock shows this part of a second. */
  private static void runUntil(SimulatedReplicas all, long partMs) {
    run(all, Math.floorMod(partMs - all.redisMs(), 1_000L) + 1_000);
  }

  private static void assertUsedAgain(SimulatedReplicas all) {
    run(all, 2_000);
    all.forget();
    run(all, 5_000);
    List<Counted> windows = all.counted(PER_SECOND);
    assertThat(windows.subList(1, windows.size() - 1))
        .hasSizeGreaterThan(2)
        .allMatch(window -> window.amount() <= LIMIT && window.amount() >= LIMIT * 97 / 100);
  }

  /** A window can be cut short by it, and the next begins early; nothing more. */
  @ParameterizedTest(name = "{0} replicas, at {1} ms by {2} ms")
  @CsvSource({
    "1, 300, 500",
    "3, 300, 500",
    "1, 800, 500",
    "3, 800, 500",
    "3, 500, 1700",
    "3, 900, 60000",
    "3, 100, 86400000",
    "1, 500, -5000",
    "3, 500, -5000",
    "3, 950, -86400000",
    "2, 300, 130"
  })
  void aClockThatIsSetIsOneMoreBorderOfTwoWindows(int count, long atMs, long byMs)
      throws Exception {
    try (var all = replicas(61, count)) {
      all.forget();
      runUntil(all, atMs);
      all.setClock(byMs);
      run(all, 4_000);

      List<Counted> windows = all.counted(PER_SECOND);
      for (int i = 1; i < windows.size(); i++) {
        Counted before = windows.get(i - 1);
        Counted after = windows.get(i);
        if (before.clock() == after.clock()) {
          continue;
        }
        int most = before.window() == after.window() ? LIMIT : 2 * LIMIT;
        assertThat(before.amount() + after.amount()).as("around").isLessThanOrEqualTo(most);
        assertThat(windows.subList(0, i)).allMatch(window -> window.amount() <= LIMIT);
        assertThat(windows.subList(i + 1, windows.size()))
            .allMatch(window -> window.amount() <= LIMIT);
      }
      assertUsedAgain(all);
    }
  }

  /** As when another Redis takes over, whose clock is a bit behind. */
  @ParameterizedTest(name = "{0} replicas, at {1} ms by {2} ms")
  @CsvSource({
    "1, 800, -300",
    "3, 800, -300",
    "1, 10, -30",
    "3, 10, -30",
    "3, 300, -900",
    "3, 700, -990"
  })
  void aClockThatIsSetBackALittleMakesTheWindowLongerAndNotLarger(int count, long atMs, long byMs)
      throws Exception {
    try (var all = replicas(71, count)) {
      all.forget();
      runUntil(all, atMs);
      long window = all.redisMs() / 1_000;
      all.setClock(byMs);
      run(all, 4_000);

      int inIt =
          all.counted(PER_SECOND).stream()
              .filter(
                  one -> one.window() == window || (one.clock() == 1 && one.window() == window - 1))
              .mapToInt(Counted::amount)
              .sum();
      assertThat(inIt).isPositive().isLessThanOrEqualTo(LIMIT);
      assertThat(all.counted(PER_SECOND)).allMatch(one -> one.amount() <= LIMIT);
      assertUsedAgain(all);
    }
  }
}
