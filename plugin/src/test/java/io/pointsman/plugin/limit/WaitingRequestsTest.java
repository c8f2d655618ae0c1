package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.limit.SimulatedReplicas.Charge;
import io.pointsman.plugin.limit.SimulatedReplicas.Faults;
import io.pointsman.plugin.limit.SimulatedReplicas.Replica;
import io.pointsman.plugin.limit.SimulatedReplicas.Request;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that need more than a lease has, on a simulated clock and a real Redis. */
class WaitingRequestsTest {
  private static final LimitSettings OPEN = LimitSettings.DEFAULTS;
  private static final long TOKENS = 10_000;
  private static final long MINUTE_MS = 60_000;

  /** Near the border of two windows a request may be decided by the other one. */
  private static final long BORDER_MS = 100;

  private static final long PATIENCE_NANOS =
      Admission.WAIT_NANOS + TimeUnit.MILLISECONDS.toNanos(1);

  private static Charge second(long most) {
    return new Charge(Limit.MODEL_REQUESTS, most, 1);
  }

  private static Charge minute(long most) {
    return new Charge(Limit.CALLER_REQUESTS, most, 1);
  }

  private static Charge tokens(long amount) {
    return new Charge(Limit.CALLER_TOKENS, TOKENS, amount);
  }

  /** Replicas that know of each other. */
  private static List<Replica> settled(SimulatedReplicas all, int count) {
    for (int i = 0; i < count; i++) {
      all.add(OPEN);
    }
    run(all, 2_000);
    while (all.redisMs() % MINUTE_MS > MINUTE_MS / 2) {
      all.step(5_000);
    }
    return all.replicas;
  }

  private static void run(SimulatedReplicas all, long ms) {
    for (long end = all.nowMs() + ms; all.nowMs() < end; ) {
      all.step(1_000);
    }
  }

  @Test
  void whoHasWaitedForOneLeaseHasOnlyWhatIsLeftForTheNext() throws Exception {
    try (var all = new SimulatedReplicas(1)) {
      Replica replica = settled(all, 1).get(0);
      Request early = replica.request(minute(10), second(10));
      all.pass(15_000);
      var late = new ArrayList<Request>();
      replica.meanwhile =
          () -> {
            late.add(replica.request(second(10)));
            replica.meanwhile = () -> replica.cutOff = true;
          };
      replica.tick();
      assertThat(early.verdict).as("has the first of its leases").isNull();

      all.pass(7_000);

      assertThat(early.isRefused()).isTrue();
      assertThat(late).hasSize(1).allMatch(request -> request.verdict == null);
      assertThat(all.longestWaitNanos).isLessThanOrEqualTo(PATIENCE_NANOS);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {201, 202, 203, 204, 205, 206, 207, 208})
  void nobodyWaitsLongerThanOnceWhateverBecomesOfItsLeases(long seed) throws Exception {
    try (var all = new SimulatedReplicas(seed)) {
      settled(all, 1 + all.random.nextInt(3));
      for (int round = 0; round < 6; round++) {
        all.faults(
            new Faults(
                all.random.nextDouble() * 0.5,
                all.random.nextDouble() * 0.3,
                all.random.nextDouble() * 0.3));
        for (int i = 0; i < 1_000; i++) {
          all.step(1_000);
          Replica replica = all.replicas.get(all.random.nextInt(all.replicas.size()));
          replica.request(minute(300), tokens(1 + all.random.nextInt(500)), second(40));
        }
      }
      all.pass(50_000);

      assertThat(all.waits).as("seed %d", seed).isPositive();
      assertThat(all.undecided).as("seed %d", seed).isZero();
      assertThat(all.longestWaitNanos).as("seed %d", seed).isLessThanOrEqualTo(PATIENCE_NANOS);
    }
  }

  @Test
  void aLargeRequestThatIsRefusedLeavesWhatThereIsToSmallerOnes() throws Exception {
    try (var all = new SimulatedReplicas(2)) {
      List<Replica> two = settled(all, 2);
      Request first = two.get(0).request(tokens(6_000));
      run(all, 30);
      Request large = two.get(1).request(tokens(5_000));
      run(all, 2);
      Request elsewhere = two.get(0).request(tokens(1_500));
      run(all, 30);
      Request here = two.get(1).request(tokens(2_500));
      run(all, 30);

      assertThat(first.isAdmitted()).isTrue();
      assertThat(large.isRefused()).isTrue();
      assertThat(elsewhere.isAdmitted()).isTrue();
      assertThat(here.isAdmitted()).isTrue();
    }
  }

  /**
   * Redis gave what was asked of it: that it was too little does not tell that there is no more.
   */
  @Test
  void whoseLeaseIsTakenByAnotherMeanwhileAsksAgain() throws Exception {
    try (var all = new SimulatedReplicas(3)) {
      Replica replica = settled(all, 1).get(0);
      Request before = replica.request(tokens(1_500));
      replica.tick();
      before.admission.end(0);
      Request large = replica.request(tokens(2_000));
      var small = new ArrayList<Request>();
      replica.meanwhile = () -> small.add(replica.request(tokens(300)));

      run(all, 5);
      Request next = replica.request(tokens(2_000));
      run(all, 5);

      assertThat(small).hasSize(1).allMatch(Request::isAdmitted);
      assertThat(large.isAdmitted()).isTrue();
      assertThat(next.isAdmitted()).isTrue();
    }
  }

  /** With one replica that loses nothing it is known exactly what is left. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {211, 212, 213, 214})
  void onlyWhatDoesNotFitIntoTheWindowIsRefused(long seed) throws Exception {
    try (var all = new SimulatedReplicas(seed)) {
      Replica replica = settled(all, 1).get(0);
      Map<Long, Long> charged = new HashMap<>();
      int refused = 0;
      for (int i = 0; i < 900; i++) {
        run(all, 50 + all.random.nextInt(400));
        if (Math.floorMod(all.redisMs() + BORDER_MS, MINUTE_MS) < 2 * BORDER_MS) {
          continue;
        }
        long window = all.redisMs() / MINUTE_MS;
        long amount = 1 + (long) (4_000 * Math.pow(all.random.nextDouble(), 3));
        Request request = replica.request(tokens(amount));
        run(all, 25);
        long left = TOKENS - charged.getOrDefault(window, 0L);
        assertThat(request.isRefused())
            .as("%d of %d; seed %d", amount, left, seed)
            .isEqualTo(amount > left);
        if (request.isAdmitted()) {
          boolean longer = all.random.nextInt(10) == 0;
          long used = all.random.nextInt((int) amount + 1) + (longer ? amount : 0);
          request.admission.end(used);
          charged.merge(window, used, Long::sum);
        } else {
          refused++;
        }
      }
      assertThat(refused).as("seed %d", seed).isPositive();
    }
  }
}
