package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.limit.SimulatedReplicas.Charge;
import io.pointsman.plugin.limit.SimulatedReplicas.Faults;
import io.pointsman.plugin.limit.SimulatedReplicas.Replica;
import io.pointsman.plugin.limit.SimulatedReplicas.Request;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Places of requests in flight, on a simulated clock and a real Redis. */
class InFlightLeasesTest {
  private static final LimitSettings OPEN = LimitSettings.DEFAULTS;

  private static void run(SimulatedReplicas all, long ms) {
    for (long end = all.nowMs() + ms; all.nowMs() < end; ) {
      all.step(1_000);
    }
  }

  private static SimulatedReplicas replicas(long seed, int count) throws Exception {
    var all = new SimulatedReplicas(seed);
    for (int i = 0; i < count; i++) {
      all.add(OPEN);
    }
    run(all, 4_000);
    return all;
  }

  private static Request request(SimulatedReplicas all, Replica replica, long limit) {
    Request request = replica.request(new Charge(Limit.MODEL_IN_FLIGHT, limit, 1));
    run(all, 25);
    return request;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {701, 702, 703, 704, 705, 706})
  void neverAreTooManyInFlightWhateverIsLostOrLate(long seed) throws Exception {
    try (var all = replicas(seed, 3)) {
      int limit = new int[] {1, 7, 400}[(int) (seed % 3)];
      all.faults(new Faults(0.1, 0.1, 0.1));
      var admitted = new ArrayList<Request>();
      int refused = 0;
      for (int i = 0; i < 8_000; i++) {
        all.step(1_000);
        boolean busy = i / 1_000 % 2 == 0;
        if (all.random.nextInt(busy ? 3 : 10) > 0) {
          Replica replica = all.replicas.get(all.random.nextInt(3));
          admitted.add(replica.request(new Charge(Limit.MODEL_IN_FLIGHT, limit, 1)));
        }
        if (!admitted.isEmpty() && all.random.nextInt(busy ? 10 : 2) > 0) {
          admitted.remove(all.random.nextInt(admitted.size())).admission.end(-1);
        }
        refused += (int) admitted.stream().filter(Request::isRefused).count();
        admitted.removeIf(Request::isRefused);
        assertThat(admitted.stream().filter(Request::isAdmitted).count())
            .as("seed %d", seed)
            .isLessThanOrEqualTo(limit);
      }
      assertThat(refused).as("seed %d", seed).isPositive();
      all.faults(Faults.NONE);
      admitted.forEach(request -> request.admission.end(-1));
      run(all, 1_000);
      for (int i = 0; i < limit; i++) {
        Request next = request(all, all.replicas.get(0), limit);
        assertThat(next.isAdmitted()).as("%d of %d; seed %d", i, limit, seed).isTrue();
      }
    }
  }

  @Test
  void whoComesFromTimeToTimeFindsPlacesHeldInAdvance() throws Exception {
    try (var all = replicas(73, 2)) {
      Replica replica = all.replicas.get(0);
      request(all, replica, 1_000).admission.end(-1);
      int waits = all.waits;
      for (int i = 0; i < 20; i++) {
        run(all, 300);
        Request next = replica.request(new Charge(Limit.MODEL_IN_FLIGHT, 1_000, 1));
        assertThat(next.isAdmitted()).isTrue();
        next.admission.end(-1);
      }
      assertThat(all.waits).isEqualTo(waits);
    }
  }

  @Test
  void placesHeldInAdvanceAreGivenBackWhenNobodyComes() throws Exception {
    try (var all = replicas(74, 2)) {
      request(all, all.replicas.get(0), 1_000).admission.end(-1);
      run(all, 2_500);

      Replica other = all.replicas.get(1);
      Request next = other.request(new Charge(Limit.MODEL_IN_FLIGHT, 1_000, 1_000));
      run(all, 25);
      assertThat(next.isAdmitted()).isTrue();
    }
  }

  @Test
  void aRequestThatOutlastsItsReplicasPartIsToldWhenRedisIsBack() throws Exception {
    try (var all = replicas(71, 2)) {
      boolean first = all.replicas.get(0).budgets.contact().place().of(1, 0) == 0;
      Replica without = all.replicas.get(first ? 0 : 1);
      Replica with = all.replicas.get(first ? 1 : 0);
      Request lasting = request(all, without, 1);
      all.down(true);
      run(all, 4_000);
      assertThat(request(all, without, 1).isRefused()).isTrue();
      run(all, 20_000);
      all.down(false);
      run(all, 5_000);

      assertThat(lasting.isAdmitted()).isTrue();
      assertThat(request(all, with, 1).isRefused()).isTrue();
      lasting.admission.end(-1);
      run(all, 1_000);
      assertThat(request(all, with, 1).isAdmitted()).isTrue();
    }
  }

  /** As where a process stands still in the middle of a call, and then finds Redis gone. */
  @Test
  void placesAreHeldNoLongerThanRedisKeepsThemHoweverLateItsAnswerComes() throws Exception {
    try (var all = replicas(72, 2)) {
      Replica slow = all.replicas.get(0);
      Replica other = all.replicas.get(1);
      Request early = request(all, slow, 2);
      assertThat(early.isAdmitted()).isTrue();
      all.load = () -> slow.cutOff = true;
      slow.answerTakesMs = 2_400;
      request(all, slow, 2);
      run(all, 700);

      assertThat(request(all, other, 2).isAdmitted()).isTrue();
      assertThat(request(all, other, 2).isAdmitted()).isTrue();
      early.admission.end(-1);
      assertThat(request(all, slow, 2).isAdmitted()).isFalse();
    }
  }
}
