package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MovingAverageTest {
  private final HandClock clock = new HandClock();
  private final MovingAverage average = new MovingAverage();

  private double value() {
    return average.value(clock.getAsLong());
  }

  private void add(double value) {
    average.add(value, clock.getAsLong());
  }

  @Test
  void nothingIsKnownBeforeTheFirstValueAndLongAfterTheLast() {
    assertThat(value()).isNaN();
    add(2);
    assertThat(value()).isEqualTo(2);
    clock.pass(Duration.ofSeconds(30));
    assertThat(value()).isEqualTo(2);
    clock.pass(Duration.ofMillis(1));
    assertThat(value()).isNaN();
    add(8);
    assertThat(value()).isEqualTo(8);
  }

  @Test
  void anOldValueCountsLessTheMoreTimeHasPassed() {
    add(1);
    clock.pass(Duration.ofSeconds(10));
    add(2);
    assertThat(value()).isCloseTo(1 + (1 - 1 / Math.E), within(1e-3));
  }

  @Test
  void ofManyValuesInAMomentTheLastOnesCount() {
    add(100);
    for (int i = 0; i < 200; i++) {
      add(1);
    }
    assertThat(value()).isBetween(1.0, 1.1);
  }

  @Test
  void oneValueAmongManyMovesItALittle() {
    for (int i = 0; i < 100; i++) {
      add(1);
    }
    add(21);
    assertThat(value()).isCloseTo(2, within(1e-3));
  }

  @Test
  void zeroIsAValue() {
    add(0);
    assertThat(value()).isCloseTo(0, within(1e-9));
  }
}
