package io.pointsman.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationTextTest {
  @ParameterizedTest
  @CsvSource({
    "0s, 0",
    "500ms, 500",
    "2m, 120000",
    "1m30s, 90000",
    "1h1m1s1ms, 3661001",
    "1h2m3s4ms, 3723004",
    "99999h, 359996400000",
    "1s1s, 2000",
    "00001s, 1000"
  })
  void durationsAreReadAsTheGatewayApiReadsThem(String text, long millis) {
    assertThat(DurationText.parse(text)).isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "60",
        "5s ",
        "5 s",
        "s",
        "-1s",
        "+1s",
        "1.5s",
        "1 s",
        "1S",
        "1d",
        "1us",
        "1sm",
        "1s 2s",
        "123456s",
        "1s1s1s1s1s",
        "１s"
      })
  void anythingElseIsNotADuration(String text) {
    assertThat(DurationText.parse(text)).isNull();
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23})
  void whatIsWrittenIsReadBack(long seed) {
    var random = new SplittableRandom(seed);
    for (int i = 0; i < 2_000; i++) {
      var duration = Duration.ofMillis(random.nextLong(99_999L * 3_600_000));
      assertThat(DurationText.parse(DurationText.write(duration)))
          .as("seed %d: %s", seed, duration)
          .isEqualTo(duration);
    }
  }
}
