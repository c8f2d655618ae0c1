package io.pointsman.plugin.endpoint;

import static io.pointsman.plugin.endpoint.EndpointHealth.Phase.PROBATION;
import static io.pointsman.plugin.endpoint.Outcome.ANSWERED;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Requests by which an endpoint in probation is tried. */
class TrialRequestTest {
  private static final Duration BASE = RegistryTestbed.SETTINGS.baseTime();
  private static final Duration A_MOMENT = Duration.ofNanos(1);

  private final RegistryTestbed bed = new RegistryTestbed(4);

  @AfterEach
  void close() {
    bed.close();
  }

  @Test
  void oneTrialAtATimeWithAGapBetween() {
    bed.fail(0);
    Endpoint endpoint = bed.endpoint(0);
    assertThat(endpoint.tryBeginTrial(bed.clock.getAsLong())).as("set aside").isZero();
    bed.pass(BASE);

    long first = endpoint.tryBeginTrial(bed.clock.getAsLong());
    assertThat(first).isPositive();
    bed.pass(Duration.ofSeconds(2));
    assertThat(endpoint.tryBeginTrial(bed.clock.getAsLong())).as("one is under way").isZero();
    endpoint.endTrial(first);
    long second = endpoint.tryBeginTrial(bed.clock.getAsLong());
    assertThat(second).isGreaterThan(first);
    endpoint.endTrial(second);
    bed.pass(Duration.ofMillis(999));
    assertThat(endpoint.tryBeginTrial(bed.clock.getAsLong())).as("too soon").isZero();
    bed.pass(Duration.ofMillis(1));
    assertThat(endpoint.tryBeginTrial(bed.clock.getAsLong())).isPositive();
  }

  @Test
  void aReadyEndpointHasNoTrials() {
    assertThat(bed.endpoint(0).tryBeginTrial(bed.clock.getAsLong())).isZero();
  }

  @Test
  void anAnswerGivesTheTrialPermitBackBeforeTheRequestEnds() {
    bed.fail(0);
    bed.pass(BASE);
    Endpoint endpoint = bed.endpoint(0);
    long first = endpoint.tryBeginTrial(bed.clock.getAsLong());

    bed.report(0, ANSWERED);
    bed.pass(Duration.ofSeconds(1));
    long second = endpoint.tryBeginTrial(bed.clock.getAsLong());
    assertThat(second).isPositive();

    endpoint.endTrial(first);
    bed.pass(Duration.ofSeconds(1));
    assertThat(endpoint.tryBeginTrial(bed.clock.getAsLong()))
        .as("the late end of the first trial does not end the second")
        .isZero();
  }

  @Test
  void aNewProbationIsNotHeldUpByAnOldTrial() {
    bed.fail(0);
    bed.pass(BASE);
    Endpoint endpoint = bed.endpoint(0);
    long hanging = endpoint.tryBeginTrial(bed.clock.getAsLong());
    endpoint.endTrial(hanging);
    bed.pass(Duration.ofSeconds(1));
    long stillHanging = endpoint.tryBeginTrial(bed.clock.getAsLong());
    endpoint.health().setAside(2, bed.clock.getAsLong());
    bed.pass(A_MOMENT);

    assertThat(bed.phase(0)).isEqualTo(PROBATION);
    assertThat(endpoint.tryBeginTrial(bed.clock.getAsLong())).isGreaterThan(stillHanging);
  }

  @Test
  void oneOfManyThreadsGetsTheTrial() throws Exception {
    bed.fail(0);
    bed.pass(BASE);
    Endpoint endpoint = bed.endpoint(0);
    long now = bed.clock.getAsLong();
    var go = new CountDownLatch(1);
    var threads = new Thread[8];
    long[] tickets = new long[threads.length];
    for (int t = 0; t < threads.length; t++) {
      int slot = t;
      threads[t] =
          new Thread(
              () -> {
                try {
                  go.await();
                } catch (InterruptedException e) {
                  return;
                }
                tickets[slot] = endpoint.tryBeginTrial(now);
              });
      threads[t].start();
    }
    go.countDown();
    for (Thread thread : threads) {
      thread.join(30_000);
    }

    assertThat(tickets).containsOnlyOnce(2L);
    assertThat(Arrays.stream(tickets).filter(ticket -> ticket != 0)).hasSize(1);
  }
}
