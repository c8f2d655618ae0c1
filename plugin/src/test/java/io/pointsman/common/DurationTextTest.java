package io.pointsman.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationTextTest {
  @ParameterizedTest
  @CsvSource({"0s, 0", "5s, 5000", "500ms, 500", "2m, 120000", "1h, 3600000", "1h2m3s4ms, 3723004"})
  void partsAddUp(String text, long millis) {
    assertThat(DurationText.parse(text)).isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "5", "s", "-5s", "+5s", "5 s", "1.5s", "5S", "5d", "5us", "100000s", "5s "})
  void everythingElseIsNone(String text) {
    assertThat(DurationText.parse(text)).isNull();
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    for (long millis : new long[] {0, 1, 999, 1000, 61_000, 3_600_000, 3_723_004}) {
      Duration duration = Duration.ofMillis(millis);
      assertThat(DurationText.parse(DurationText.write(duration))).isEqualTo(duration);
    }
  }
}
