package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.limit.SimulatedReplicas.Charge;
import io.pointsman.plugin.limit.SimulatedReplicas.Faults;
import io.pointsman.plugin.limit.SimulatedReplicas.Replica;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The arithmetic of leases on a simulated clock, against the plainest model there is: requests
 * admitted in a window of Redis' time, counted. The script runs in a real Redis.
 */
class LeaseArithmeticTest {
  private static final Limit PER_SECOND = Limit.MODEL_REQUESTS;
  private static final Limit PER_MINUTE = Limit.CALLER_REQUESTS;
  private static final LimitSettings OPEN = LimitSettings.DEFAULTS;

  @ParameterizedTest(name = "{0} replicas, limit {1}, {2} requests a second, seed {3}")
  @CsvSource({
    "1, 10, 1000, 1", "2, 10, 1000, 2", "4, 10, 1000, 3",
    "1, 200, 2000, 4", "2, 200, 2000, 5", "4, 200, 2000, 6",
    "1, 1000, 1100, 7", "2, 1000, 1100, 8", "4, 1000, 1100, 9",
    "4, 1000, 4000, 10", "4, 37, 45, 11"
  })
  void noWindowIsOverAndNearlyAllOfItCanBeUsed(int count, int limit, int load, long seed)
      throws Exception {
    try (var all = new SimulatedReplicas(seed)) {
      for (int i = 0; i < count; i++) {
        all.add(OPEN);
      }
      run(all, 500, limit, load);
      all.forget();
      run(all, 10_000, limit, load);

      long windows = all.admitted(PER_SECOND).size() - 2L;
      long used = inner(all.admitted(PER_SECOND));
      assertThat(all.admitted(PER_SECOND).values()).as("seed %d", seed).allMatch(n -> n <= limit);
      assertThat(used / ((double) windows * limit))
          .as("share that was used; seed %d", seed)
          .isGreaterThanOrEqualTo(0.97);
    }
  }

  /** Each limit well over 100 requests for each replica and window. */
  @ParameterizedTest(name = "{0} replicas, limit {1}, {2} requests a second, seed {3}")
  @CsvSource({"1, 1000, 900, 13", "2, 2000, 1800, 14", "4, 4000, 3000, 15", "2, 10000, 8000, 16"})
  void ampleBudgetsAreSpentWithoutARoundTripForEachRequest(
      int count, int limit, int load, long seed) throws Exception {
    try (var all = new SimulatedReplicas(seed)) {
      for (int i = 0; i < count; i++) {
        all.add(OPEN);
      }
      run(all, 3_000, limit, load);
      all.forget();
      int exchangesBefore = all.exchanges;
      int waitsBefore = all.waits;
      run(all, 10_000, limit, load);

      int requests = all.admitted(PER_SECOND).values().stream().mapToInt(n -> n).sum();
      int exchanges = all.exchanges - exchangesBefore;
      int waits = all.waits - waitsBefore;
      assertThat(requests).as("seed %d", seed).isGreaterThanOrEqualTo(10 * load * 99 / 100);
      // Some 40 in each window, however many requests there are.
      assertThat(exchanges).as("seed %d", seed).isBetween(1, 10 * count * 50);
      // Those that come while a window's first lease is on its way.
      assertThat(waits).as("seed %d", seed).isLessThanOrEqualTo(requests / 100);
    }
  }

  @ParameterizedTest(name = "{0} replicas, seed {1}")
  @CsvSource({"1, 17", "3, 18"})
  void whileMuchOfABudgetIsLeftRedisIsSeldomAsked(int count, long seed) throws Exception {
    try (var all = new SimulatedReplicas(seed)) {
      for (int i = 0; i < count; i++) {
        all.add(OPEN);
      }
      run(all, 3_000, 20_000, 8_000);
      int before = all.exchanges;
      run(all, 5_000, 20_000, 8_000);

      // A window's first lease, what is asked early or late of it, and signs of life.
      assertThat(all.exchanges - before).as("seed %d", seed).isBetween(1, 5 * count * 20);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(
      longs = {
        21, 22, 23, 24, 25, 26, 27, 28, 32, 46, 68, 101, 102, 103, 104, 105, 106, 107, 108, 109,
        110, 111, 112, 2027
      })
  void whateverIsLostLateOrDeadNoWindowIsOver(long seed) throws Exception {
    disturb(seed, 0);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {601, 602, 603, 604, 605, 606, 607, 608, 609, 610, 611, 612})
  void whateverIsSlowBesidesNoWindowIsOver(long seed) throws Exception {
    disturb(seed, 0.002);
  }

  private static void disturb(long seed, double slow) throws Exception {
    try (var all = new SimulatedReplicas(seed)) {
      int limit = new int[] {5, 60, 400, 1500}[(int) (seed % 4)];
      int count = 1 + all.random.nextInt(4);
      LimitSettings settings = new LimitSettings(seed % 3 != 0, count, 0, false);
      for (int i = 0; i < count; i++) {
        all.add(settings);
      }
      all.load = () -> requests(all, 1 + limit / 250, limit, 0);
      run(all, 2_000, limit, 2 * limit + 200);
      for (int round = 0; round < 12; round++) {
        all.faults(
            new Faults(
                all.random.nextDouble() * 0.2,
                all.random.nextDouble() * 0.2,
                all.random.nextDouble() * 0.1,
                slow));
        switch (all.random.nextInt(6)) {
          case 0 -> kill(all, settings);
          case 1 -> all.down(true);
          default -> all.down(false);
        }
        run(all, 500 + all.random.nextInt(4_000), limit, 2 * limit + 200);
        if (all.random.nextInt(3) == 0) {
          // Emptied, as by a restart: out of reach for a moment too short to be noticed, or longer.
          all.down(true);
          run(all, all.random.nextInt(1_500), limit, 2 * limit + 200);
          all.empty();
          all.down(false);
        }
      }
      assertThat(all.admitted(PER_SECOND).values()).as("seed %d", seed).isNotEmpty();
      all.admitted(PER_SECOND).values().removeIf(n -> n <= limit);
      assertThat(all.admitted(PER_SECOND))
          .as("windows over the limit %d; seed %d", limit, seed)
          .isEmpty();
    }
  }

  private static void kill(SimulatedReplicas all, LimitSettings settings) {
    Replica victim = all.replicas.get(all.random.nextInt(all.replicas.size()));
    victim.dead = true;
    all.replicas.remove(victim);
    all.add(settings);
  }

  @Test
  void tenMinutesWithADeathAnOutageAndALossOfDataAreNeverOver() throws Exception {
    long seed = 99;
    try (var all = new SimulatedReplicas(seed)) {
      var settings = new LimitSettings(true, 4, 0, false);
      for (int i = 0; i < 4; i++) {
        all.add(settings);
      }
      tenMinutes(all, settings);

      Map<Long, Integer> minutes = all.admitted(PER_MINUTE);
      Map<Long, Integer> seconds = all.admitted(PER_SECOND);
      assertThat(minutes.values()).as("minutes; seed %d", seed).allMatch(n -> n <= 1_200);
      assertThat(seconds.values()).as("seconds; seed %d", seed).allMatch(n -> n <= 60);
      assertThat(minutes.values().stream().filter(n -> n >= 1_200 * 0.97).count())
          .as("minutes that were used up; seed %d", seed)
          .isGreaterThanOrEqualTo(5);
      assertThat(seconds.values().stream().mapToInt(n -> n).sum())
          .as("seconds; seed %d", seed)
          .isGreaterThanOrEqualTo((int) (0.93 * 600 * 60));
    }
  }

  private static void tenMinutes(SimulatedReplicas all, LimitSettings settings) {
    run(all, 150_000, 60, 80, 1_200, 5);
    kill(all, settings);
    run(all, 150_000, 60, 80, 1_200, 5);
    all.empty();
    run(all, 100_000, 60, 80, 1_200, 5);
    all.down(true);
    run(all, 20_000, 60, 80, 1_200, 5);
    all.down(false);
    run(all, 180_000, 60, 80, 1_200, 5);
  }

  private static void run(SimulatedReplicas all, long ms, int limit, int load) {
    run(all, ms, limit, load, 0, 1);
  }

  /**
   * Lets time pass under load, which falls on the replicas unevenly.
   *
   * @param limit requests in a second
   * @param load requests that come in a second, for each limit
   * @param minutely requests in a minute; 0 for none
   * @param stepMs how far the clock is set each time
   */
  private static void run(
      SimulatedReplicas all, long ms, int limit, int load, int minutely, int stepMs) {
    long end = all.nowMs() + ms;
    double due = 0;
    long last = all.nowMs();
    while (all.nowMs() < end) {
      all.step(stepMs * 1_000L);
      due += load * (all.nowMs() - last) / 1_000.0;
      last = all.nowMs();
      requests(all, (int) due, limit, minutely);
      due -= (int) due;
    }
  }

  private static void requests(SimulatedReplicas all, int count, int limit, int minutely) {
    for (int n = 0; n < count; n++) {
      int i = (int) (all.replicas.size() * Math.pow(all.random.nextDouble(), 1.5));
      all.replicas.get(i).request(new Charge(PER_SECOND, limit, 1));
      if (minutely > 0) {
        all.replicas.get(i).request(new Charge(PER_MINUTE, minutely, 1));
      }
    }
  }

  /** Sum without the first and the last window, which are not whole. */
  private static long inner(Map<Long, Integer> windows) {
    var values = windows.values().stream().mapToLong(n -> n).toArray();
    long sum = 0;
    for (int i = 1; i < values.length - 1; i++) {
      sum += values[i];
    }
    return sum;
  }
}
