package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where no Redis is set, on a clock that only the test moves. */
class CountingAloneTest {
  /** Not at a border of windows. */
  private static final long BEGIN_MS = 1_700_000_000_300L;

  /** Two for each of the replicas. */
  private static final long LIMIT = 8;

  /** Happens whenever the clock is read. */
  private Runnable meanwhile = () -> {};

  private final AtomicLong nanos = new AtomicLong();
  private final Budgets budgets =
      new Budgets(
          new LimitSettings(true, 4, 0, false),
          null,
          "",
          new SimpleMeterRegistry(),
          new DirectExecutor(),
          this::clock,
          () -> BEGIN_MS + TimeUnit.NANOSECONDS.toMillis(nanos.get()));

  private long clock() {
    Runnable event = meanwhile;
    meanwhile = () -> {};
    event.run();
    meanwhile = event;
    return nanos.get();
  }

  @AfterEach
  void close() {
    budgets.close();
  }

  private void passSeconds(int seconds) {
    for (int i = 0; i < 40 * seconds; i++) {
      nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(25));
      budgets.tick();
    }
  }

  private Admission admission(Limit limit) {
    return budgets.admission().need(limit, "m", "p", LIMIT, 1);
  }

  @ParameterizedTest
  @EnumSource
  void nobodyIsToBeTold(Limit limit) {
    var told = new ArrayList<Counter>();
    Counter counter = Counter.of(new CounterKey(limit, "m", "p"), LIMIT, told::add);
    long now = nanos.get();
    Contact alone = Contact.alone(RedisTime.exact(now, BEGIN_MS * 1_000), now, 1);
    assertThat(counter.withoutRedis(1, alone, now)).isEqualTo(Outcome.AGAIN);
    assertThat(counter.take(1, now)).isNotNull();
    told.forEach(Counter::dequeued);
    told.clear();

    for (int i = 0; i < 100; i++) {
      now += TimeUnit.MILLISECONDS.toNanos(25);
      counter.look(alone, now);
    }

    assertThat(told).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void idleCountersAreDropped(Limit limit) {
    Admission only = admission(limit);
    assertThat(only.begin()).isInstanceOf(Verdict.Admitted.class);
    only.end(-1);
    assertThat(budgets.counters()).isEqualTo(1);

    passSeconds(240);

    assertThat(budgets.counters()).isZero();
  }

  @Test
  void budgetsLastForDays() {
    nanos.addAndGet(TimeUnit.DAYS.toNanos(30));
    for (int i = 0; i < 2_000; i++) {
      passSeconds(1);
      assertThat(admission(Limit.MODEL_REQUESTS).begin()).isInstanceOf(Verdict.Admitted.class);
      assertThat(admission(Limit.MODEL_REQUESTS).begin()).isInstanceOf(Verdict.Admitted.class);
      assertThat(admission(Limit.MODEL_REQUESTS).begin()).isInstanceOf(Verdict.Refused.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void nobodyIsRefusedWhereAWindowEnds(Limit limit) {
    for (int ms = 0; ms < 125_000; ms++) {
      nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
      if (ms % 25 == 0) {
        budgets.tick();
      }
      Admission admission = budgets.admission().need(limit, "m", "p", 1_000_000, 1);
      assertThat(admission.begin()).as("after %d ms", ms).isInstanceOf(Verdict.Admitted.class);
    }
  }

  /** Others give back and take again whenever it looks; each time less than there is. */
  @Test
  void whoseLuckIsBadIsNotRefused() {
    Admission all = budgets.admission().need(Limit.CALLER_TOKENS, "m", "p", LIMIT, LIMIT / 4);
    assertThat(all.begin()).isInstanceOf(Verdict.Admitted.class);
    var others = new ArrayDeque<>(List.of(all));
    var reads = new AtomicInteger();
    meanwhile =
        () -> {
          int read = reads.getAndIncrement();
          if (read % 2 == 1) {
            others.remove().refund();
          } else if (read > 0 && read < 30) {
            others.add(budgets.admission().need(Limit.CALLER_TOKENS, "m", "p", LIMIT, LIMIT / 4));
            others.element().begin();
          }
        };

    Admission unlucky = budgets.admission().need(Limit.CALLER_TOKENS, "m", "p", LIMIT, 1);
    assertThat(unlucky.begin()).isInstanceOf(Verdict.Admitted.class);
    assertThat(reads.get()).isGreaterThanOrEqualTo(30);
  }

  @Test
  void aRequestInFlightKeepsItsPlaceHoweverLongItTakes() {
    Admission first = admission(Limit.MODEL_IN_FLIGHT);
    assertThat(first.begin()).isInstanceOf(Verdict.Admitted.class);
    passSeconds(60);

    assertThat(admission(Limit.MODEL_IN_FLIGHT).begin()).isInstanceOf(Verdict.Admitted.class);
    assertThat(admission(Limit.MODEL_IN_FLIGHT).begin()).isInstanceOf(Verdict.Refused.class);
    first.end(-1);
    assertThat(admission(Limit.MODEL_IN_FLIGHT).begin()).isInstanceOf(Verdict.Admitted.class);
  }
}
