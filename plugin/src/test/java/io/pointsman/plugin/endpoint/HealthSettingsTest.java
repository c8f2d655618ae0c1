package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HealthSettingsTest {
  @Test
  void theDefaultsAreTheDocumentedOnes() {
    assertThat(HealthSettings.DEFAULTS)
        .isEqualTo(
            new HealthSettings(
                true,
                3,
                Duration.ofSeconds(5),
                Duration.ofMinutes(5),
                0.2,
                0.5,
                2,
                Duration.ofSeconds(1),
                Duration.ofMinutes(10)));
  }

  @ParameterizedTest
  @CsvSource({
    "consecutiveFailures, 0, 5000, 6000, 0.2, 0.5, 2, 0, 0",
    "baseTime, 3, 0, 6000, 0.2, 0.5, 2, 0, 0",
    "maxTime, 3, 5000, 4999, 0.2, 0.5, 2, 0, 0",
    "maxTime, 3, 5000, 86400001, 0.2, 0.5, 2, 0, 0",
    "jitter, 3, 5000, 6000, -0.1, 0.5, 2, 0, 0",
    "jitter, 3, 5000, 6000, 0.51, 0.5, 2, 0, 0",
    "jitter, 3, 5000, 6000, NaN, 0.5, 2, 0, 0",
    "maxSetAsideFraction, 3, 5000, 6000, 0.2, 0.51, 2, 0, 0",
    "maxSetAsideFraction, 3, 5000, 6000, 0.2, -1, 2, 0, 0",
    "maxSetAsideFraction, 3, 5000, 6000, 0.2, NaN, 2, 0, 0",
    "probationSuccesses, 3, 5000, 6000, 0.2, 0.5, 0, 0, 0",
    "trialGap, 3, 5000, 6000, 0.2, 0.5, 2, -1, 0",
    "forgetAfter, 3, 5000, 6000, 0.2, 0.5, 2, 0, -1",
  })
  void aValueOutOfRangeIsRefusedByName(
      String name,
      int failures,
      long baseMs,
      long maxMs,
      double jitter,
      double fraction,
      int successes,
      long gapMs,
      long forgetMs) {
    assertThatThrownBy(
            () ->
                new HealthSettings(
                    true,
                    failures,
                    Duration.ofMillis(baseMs),
                    Duration.ofMillis(maxMs),
                    jitter,
                    fraction,
                    successes,
                    Duration.ofMillis(gapMs),
                    Duration.ofMillis(forgetMs)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(name + " must be");
  }
}
