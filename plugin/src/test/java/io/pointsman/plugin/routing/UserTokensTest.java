package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pointsman.plugin.endpoint.HandClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class UserTokensTest {
  private final HandClock clock = new HandClock();
  private final UserTokens tokens = new UserTokens(clock);

  @Test
  void tokensAddUpAndFadeWithTime() {
    tokens.add("a", 1_000);
    tokens.add("a", 500);

    assertThat(tokens.of("a")).isCloseTo(1_500, within(1.0));
    assertThat(tokens.of("b")).isZero();
    clock.pass(Duration.ofMinutes(5));
    assertThat(tokens.of("a")).isCloseTo(1_500 / Math.E, within(1.0));
    clock.pass(Duration.ofHours(1));
    assertThat(tokens.of("a")).isLessThan(1);
  }

  @Test
  void theMostAndTheFewestAreKnownAtOnceAndFadeToo() {
    assertThat(tokens.most()).isZero();
    assertThat(tokens.fewest()).isZero();
    tokens.add("heavy", 4_000);
    tokens.add("light", 10);
    assertThat(tokens.most()).isCloseTo(4_000, within(1.0));
    assertThat(tokens.fewest()).isCloseTo(10, within(0.1));

    clock.pass(Duration.ofMinutes(5));

    assertThat(tokens.most()).isCloseTo(4_000 / Math.E, within(2.0));
    assertThat(tokens.fewest()).isCloseTo(10 / Math.E, within(0.1));
  }

  @Test
  void aMillionUsersTakeNoMoreThanTheTableAndTheHeavyOnesStay() {
    for (int i = 0; i < 50; i++) {
      tokens.add("heavy-" + i, 1e6);
    }
    for (int i = 0; i < 1_000_000; i++) {
      tokens.add("user-" + i, 10);
    }

    for (int i = 0; i < 50; i++) {
      assertThat(tokens.of("heavy-" + i)).as("heavy-%d", i).isGreaterThan(9e5);
    }
    assertThat(tokens.of("user-999999")).isCloseTo(10, within(0.1));
  }

  @Test
  void nothingIsLostWhenThreadsAddTogether() throws Exception {
    var executor = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Void>> tasks = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        tasks.add(
            () -> {
              for (int i = 0; i < 10_000; i++) {
                tokens.add("a", 1);
              }
              return null;
            });
      }
      tokens.add("a", 1);
      for (Future<Void> done : executor.invokeAll(tasks, 60, TimeUnit.SECONDS)) {
        done.get();
      }
    } finally {
      executor.shutdownNow();
    }

    assertThat(tokens.of("a")).isCloseTo(40_001, within(1.0));
  }
}
