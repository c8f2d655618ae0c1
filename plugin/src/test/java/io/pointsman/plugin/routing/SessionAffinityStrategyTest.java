package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SessionAffinityStrategyTest {
  private final SessionAffinityStrategy strategy = new SessionAffinityStrategy();

  private static RequestView request(long session) {
    return new RequestView("m", null, null, null, session);
  }

  private static long number(@Nullable String id, @Nullable String key) {
    var headers = new RouteHeaders(null, null, null, id, key, null);
    return SessionNumber.of(headers, new SplittableRandom(9));
  }

  @Test
  void aSessionStaysWhateverTheLoad() {
    for (long session = 1; session < 100; session++) {
      var view = new TestView(0, 0, 0, 0, 0);
      int first = strategy.pick(request(session), view);
      view.inFlight[first] = 1_000;
      assertThat(strategy.pick(request(session), view)).isEqualTo(first);
    }
  }

  @Test
  void sessionsAreSpreadEvenly() {
    var view = new TestView(0, 0, 0, 0, 0);
    var random = new SplittableRandom(1);
    int[] picks = new int[5];
    for (int i = 0; i < 10_000; i++) {
      picks[strategy.pick(request(random.nextLong()), view)]++;
    }

    assertThat(ChiSquare.statistic(picks)).isLessThan(ChiSquare.limit(5));
  }

  @Test
  void whenACandidateGoesOnlyItsSessionsMove() {
    var before = new TestView(0, 0, 0, 0);
    var after = new TestView(0, 0, 0);
    after.identity[0] = before.identity[0];
    after.identity[1] = before.identity[2];
    after.identity[2] = before.identity[3];
    int moved = 0;
    for (long session = 1; session <= 1_000; session++) {
      long was = before.identity[strategy.pick(request(session), before)];
      long is = after.identity[strategy.pick(request(session), after)];
      if (was == before.identity[1]) {
        moved++;
      } else {
        assertThat(is).isEqualTo(was);
      }
    }
    assertThat(moved).isBetween(200, 300);
  }

  @Test
  void inACombinationTheSessionsCandidateIsCheapest() {
    var view = new TestView(0, 0, 0, 0);
    int winner = strategy.pick(request(77), view);
    double[] costs = new double[4];

    strategy.costs(request(77), view, costs);

    for (int i = 0; i < 4; i++) {
      assertThat(costs[i]).isEqualTo(i == winner ? 0 : 1);
    }
  }

  @Test
  void theIdThatAClientIsToldLeadsBackToItsSession() {
    for (long session : new long[] {1, -1, 0x0123456789abcdefL, Long.MIN_VALUE}) {
      String id = SessionNumber.id(session);
      assertThat(id).matches("[0-9a-f]{16}");
      assertThat(number(id, "another key")).isEqualTo(session);
    }
  }

  @Test
  void idsAndKeysOfTheClientsOwnAreTakenAndLongOnesAreNot() {
    assertThat(number(null, "user-1")).isEqualTo(number(null, "user-1"));
    assertThat(number(null, "user-1")).isNotEqualTo(number(null, "user-2"));
    assertThat(number("MTAuMC4wLjE6ODAwMA==", null)).isEqualTo(number("MTAuMC4wLjE6ODAwMA==", "k"));
    String tooLong = "x".repeat(257);
    assertThat(number(tooLong, tooLong)).isEqualTo(number(null, null));
    assertThat(number(tooLong, "k")).isEqualTo(number(null, "k"));
    assertThat(number("0000000000000000", null)).isEqualTo(1);
  }
}
