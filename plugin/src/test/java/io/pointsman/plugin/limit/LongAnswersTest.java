package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.limit.SimulatedReplicas.Charge;
import io.pointsman.plugin.limit.SimulatedReplicas.Replica;
import io.pointsman.plugin.limit.SimulatedReplicas.Request;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Answers that take more tokens than they were charged: who is charged for them, and when. */
class LongAnswersTest {
  private static final long TOKENS = 10_000;
  private static final long MINUTE_MS = 60_000;

  private SimulatedReplicas all;
  private Replica one;
  private Replica other;

  @BeforeEach
  void start() throws Exception {
    all = new SimulatedReplicas(501);
    one = all.add(LimitSettings.DEFAULTS);
    other = all.add(LimitSettings.DEFAULTS);
    run(2_000);
    runIntoTheNextMinute();
  }

  @AfterEach
  void stop() throws Exception {
    all.close();
  }

  private void run(long ms) {
    for (long end = all.nowMs() + ms; all.nowMs() < end; ) {
      all.step(1_000);
    }
  }

  private void runIntoTheNextMinute() {
    run(MINUTE_MS - all.redisMs() % MINUTE_MS + 1_000);
  }

  private Request request(Replica replica, long tokens) {
    Request request = replica.request(new Charge(Limit.CALLER_TOKENS, TOKENS, tokens));
    run(25);
    return request;
  }

  @Test
  void whatWasUsedBeyondTheChargeIsMissingElsewhere() {
    Request answer = request(one, 1_000);
    answer.admission.end(4_000);
    run(25);

    assertThat(request(other, 6_001).isRefused()).isTrue();
    run(600);
    assertThat(request(other, 6_000).isAdmitted()).isTrue();
  }

  @Test
  void whatIsLeftIsChargedWhereItIsLessThanWasUsed() {
    Request answer = request(one, 1_000);
    assertThat(request(other, 8_500).isAdmitted()).isTrue();
    answer.admission.end(3_000);
    run(25);

    assertThat(request(other, 1).isRefused()).isTrue();
  }

  @Test
  void whatOthersDoNotUseLaterIsChargedUntilNothingIsOwed() {
    Request answer = request(one, 1_000);
    Request large = request(other, 9_000);
    answer.admission.end(3_000);
    run(25);
    large.admission.end(4_000);
    run(1_000);

    assertThat(request(other, 3_001).isRefused()).isTrue();
    run(600);
    assertThat(request(other, 3_000).isAdmitted()).isTrue();
  }

  @Test
  void anAnswerThatEndsLaterIsChargedInTheMinuteInWhichItEnds() {
    Request answer = request(one, 1_000);
    runIntoTheNextMinute();
    answer.admission.end(5_000);
    run(25);

    assertThat(request(other, 6_001).isRefused()).isTrue();
    run(600);
    assertThat(request(other, 6_000).isAdmitted()).isTrue();
    runIntoTheNextMinute();
    assertThat(List.of(one, other)).allMatch(replica -> request(replica, 5_000).isAdmitted());
  }

  @Test
  void itIsChargedThoughItsCounterWasDroppedMeanwhile() {
    Request answer = request(one, 1_000);
    run(5 * MINUTE_MS);
    runIntoTheNextMinute();
    assertThat(one.budgets.counters()).isZero();
    answer.admission.end(5_000);
    run(25);

    assertThat(request(other, 6_001).isRefused()).isTrue();
  }

  @Test
  void itIsChargedWhileRedisIsAway() {
    Request answer = request(one, 1_000);
    all.down(true);
    runIntoTheNextMinute();
    answer.admission.end(4_000);

    assertThat(request(one, 2_001).isRefused()).isTrue();
    assertThat(request(one, 2_000).isAdmitted()).isTrue();
    all.down(false);
    run(5_000);
    assertThat(request(other, 5_001).isRefused()).isTrue();
    run(600);
    assertThat(request(other, 5_000).isAdmitted()).isTrue();
  }
}
