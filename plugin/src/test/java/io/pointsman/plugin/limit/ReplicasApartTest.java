package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.limit.SimulatedReplicas.Charge;
import io.pointsman.plugin.limit.SimulatedReplicas.Counted;
import io.pointsman.plugin.limit.SimulatedReplicas.Replica;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What replicas take of a budget by themselves, on a simulated clock and a real Redis. */
class ReplicasApartTest {
  private static final Limit PER_SECOND = Limit.MODEL_REQUESTS;

  /** Replicas know of each other by Redis alone. */
  private static final LimitSettings OPEN = new LimitSettings(true, 1, 0, false);

  /** Lets time pass in which each replica is asked for more than there is. */
  private static void run(SimulatedReplicas all, long ms, int... limits) {
    for (long end = all.nowMs() + ms; all.nowMs() < end; ) {
      all.step(2_000);
      for (int i = 0; i < all.replicas.size(); i++) {
        int limit = limits[i % limits.length];
        if (all.random.nextInt(100) < limit + 5) {
          all.replicas.get(i).request(new Charge(PER_SECOND, limit, 1));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1", "1, 7", "3, 1", "3, 2", "4, 1", "4, 3", "4, 5", "7, 1", "7, 10", "1, 90", "2, 91"
  })
  void replicasThatKnowEachOtherTakeExactlyTheBudgetOfEachWindowWithoutRedis(int count, int limit)
      throws Exception {
    try (var all = new SimulatedReplicas(31)) {
      for (int i = 0; i < count; i++) {
        all.add(OPEN);
      }
      run(all, 2_000, limit);
      all.down(true);
      run(all, 3_000, limit);
      all.forget();
      run(all, 15_000, limit);

      List<Counted> windows = all.counted(PER_SECOND);
      assertThat(windows.subList(1, windows.size() - 1))
          .hasSizeGreaterThan(10)
          .allMatch(window -> window.amount() == limit);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314})
  void noWindowIsOverThoughRedisGoesWhileTheListOfReplicasChanges(long seed) throws Exception {
    try (var all = new SimulatedReplicas(seed)) {
      int limit = 1 + all.random.nextInt(12);
      for (int i = all.random.nextInt(3); i >= 0; i--) {
        all.add(OPEN);
      }
      run(all, 1_500, limit);
      for (int round = 0; round < 8; round++) {
        for (int changes = all.random.nextInt(4); changes > 0; changes--) {
          change(all);
          run(all, all.random.nextInt(400), limit);
        }
        all.down(true);
        run(all, all.random.nextInt(12_000), limit);
        all.down(false);
        run(all, all.random.nextInt(6_000), limit);
      }

      assertThat(all.counted(PER_SECOND)).as("seed %d", seed).isNotEmpty();
      assertThat(all.counted(PER_SECOND))
          .as("limit %d; seed %d", limit, seed)
          .allMatch(window -> window.amount() <= limit);
    }
  }

  /** As where a process stands still in the middle of a call. */
  @ParameterizedTest
  @CsvSource({"1, 1400", "2, 1400", "2, 1700", "2, 2100", "3, 1900"})
  void anAnswerOfAWindowBeforeEndsNoLaterLease(int count, int ms) throws Exception {
    int limit = 100;
    try (var all = new SimulatedReplicas(81)) {
      for (int i = 0; i < count; i++) {
        all.add(OPEN);
      }
      run(all, 2_000, limit);
      Replica slow = all.replicas.get(0);
      all.load = () -> all.replicas.forEach(one -> one.request(new Charge(PER_SECOND, limit, 1)));
      for (int i = 0; i < 10; i++) {
        slow.answerTakesMs = ms;
        run(all, 4_000 + 130, limit);
      }

      assertThat(all.counted(PER_SECOND)).allMatch(window -> window.amount() <= limit);
    }
  }

  /** By then nobody knows Redis' clock to a second. */
  @ParameterizedTest(name = "{0} replicas, {1} min, seed {2}")
  @CsvSource({
    "1, 5, 91",
    "2, 5, 92",
    "1, 20, 93",
    "2, 20, 94",
    "2, 20, 95",
    "3, 240, 96",
    "3, 14000, 97"
  })
  void budgetsLastHoweverLongRedisIsAway(int count, int minutes, long seed) throws Exception {
    int limit = 60;
    try (var all = new SimulatedReplicas(seed)) {
      for (int i = 0; i < count; i++) {
        all.add(OPEN);
      }
      run(all, 2_000, limit);
      all.down(true);
      run(all, 3_000, limit);
      all.skip(TimeUnit.MINUTES.toMillis(minutes));
      run(all, 1_000, limit);
      all.forget();
      run(all, 10_000 + all.random.nextInt(1_000), limit);
      int alone = all.counted(PER_SECOND).stream().mapToInt(Counted::amount).sum();
      all.pass(2_500_000);
      all.forget();
      // All that each has for itself, in one moment and so in one of its own windows.
      for (int i = 0; i < limit; i++) {
        all.replicas.forEach(one -> one.request(new Charge(PER_SECOND, limit, 1)));
      }
      all.down(false);
      run(all, 5_000, limit);

      assertThat(alone).as("seed %d", seed).isBetween(9 * limit, 12 * limit);
      List<Counted> windows = all.counted(PER_SECOND);
      assertThat(windows)
          .as("since Redis is back; seed %d", seed)
          .hasSize(6)
          .allMatch(window -> window.amount() <= limit);
      assertThat(windows.subList(0, 5))
          .as("whole windows since Redis is back; seed %d", seed)
          .allMatch(window -> window.amount() == limit);
    }
  }

  private static void change(SimulatedReplicas all) {
    Replica one = all.replicas.get(all.random.nextInt(all.replicas.size()));
    switch (all.replicas.size() == 1 ? 0 : all.random.nextInt(4)) {
      case 0, 1 -> all.add(OPEN);
      case 2 -> all.leave(one);
      default -> {
        one.dead = true;
        all.replicas.remove(one);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "8"})
  void aReplicaThatIsCutOffAndTheOthersTogetherAreNotOver(int limit) throws Exception {
    try (var all = new SimulatedReplicas(41)) {
      for (int i = 0; i < 3; i++) {
        all.add(OPEN);
      }
      run(all, 2_000, limit);
      all.forget();
      all.replicas.get(0).cutOff = true;
      run(all, 10_000, limit);
      all.add(OPEN);
      run(all, 10_000, limit);

      List<Counted> windows = all.counted(PER_SECOND);
      assertThat(windows).hasSizeGreaterThan(15).allMatch(window -> window.amount() <= limit);
    }
  }

  @Test
  void aNewReplicaThatIsTheFirstAtAnEmptiedRedisGetsNothingOfWhatIsSpent() throws Exception {
    int limit = 50;
    try (var all = new SimulatedReplicas(61)) {
      all.add(OPEN);
      all.add(OPEN);
      run(all, 2_000, limit);
      while (all.redisMs() % 1_000 < 800) {
        run(all, 10, limit);
      }
      all.empty();
      all.add(OPEN);
      Collections.swap(all.replicas, 0, 2);
      run(all, 5_000, limit);

      assertThat(all.counted(PER_SECOND)).allMatch(window -> window.amount() <= limit);
    }
  }

  /** As while a change of a profile is on its way. */
  @ParameterizedTest
  @CsvSource({"20, 50, 50", "50, 20, 20", "20, 50, 80", "1, 4, 4"})
  void replicasWithDifferentLimitsTogetherAreNotOverTheLargest(int one, int two, int three)
      throws Exception {
    int[] limits = {one, two, three};
    int largest = Arrays.stream(limits).max().orElseThrow();
    int smallest = Arrays.stream(limits).min().orElseThrow();
    try (var all = new SimulatedReplicas(51)) {
      for (int i = 0; i < limits.length; i++) {
        all.add(OPEN);
      }
      run(all, 2_000, limits);
      all.forget();
      run(all, 10_000, limits);
      List<Counted> shared = all.counted(PER_SECOND);
      all.down(true);
      run(all, 10_000, limits);
      all.down(false);
      run(all, 5_000, limits);

      assertThat(shared.subList(1, shared.size() - 1))
          .allMatch(window -> window.amount() >= smallest * 97 / 100);
      assertThat(all.counted(PER_SECOND)).allMatch(window -> window.amount() <= largest);
      assertThat(IntStream.range(0, limits.length))
          .allMatch(i -> all.replicas.get(i).disagreements(PER_SECOND) > 0);
    }
  }
}
