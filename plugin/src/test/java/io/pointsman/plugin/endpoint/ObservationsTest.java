package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ObservationsTest {
  private static final long SECOND = 1_000_000_000L;

  private final HandClock clock = new HandClock();
  private final Observations seen = new Observations();

  private void sample(int inFlight) {
    clock.pass(Duration.ofMillis(100));
    seen.sample(inFlight, clock.getAsLong());
  }

  @Test
  void latencyIsHeadersAndStreamTogether() {
    long now = clock.getAsLong();
    assertThat(seen.latencySeconds(now)).isNaN();
    seen.headersAfter(SECOND / 2, now);
    assertThat(seen.latencySeconds(now)).isCloseTo(0.5, within(1e-6));
    seen.streamedFor(3 * SECOND, now);
    assertThat(seen.latencySeconds(now)).isCloseTo(3.5, within(1e-6));
    clock.pass(Duration.ofSeconds(31));
    assertThat(seen.latencySeconds(clock.getAsLong())).isNaN();
  }

  @Test
  void nothingIsKnownOfBusyTimeUntilThereAreSamples() {
    for (int i = 0; i < 9; i++) {
      sample(1);
    }
    assertThat(seen.busyShare()).isNaN();
    sample(0);
    assertThat(seen.busyShare()).isCloseTo(0.9, within(1e-9));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void busyTimeAgreesWithAPlainWindow(long seed) {
    var random = new SplittableRandom(seed);
    Deque<Boolean> window = new ArrayDeque<>();
    for (int i = 0; i < 1_000; i++) {
      int inFlight = Math.max(0, random.nextInt(-3, 4));
      sample(inFlight);
      window.add(inFlight > 0);
      if (window.size() > Observations.WINDOW) {
        window.remove();
      }
      long busy = window.stream().filter(b -> b).count();
      if (i >= 9) {
        assertThat(seen.busyShare())
            .as("seed %d, sample %d", seed, i)
            .isCloseTo((double) busy / window.size(), within(1e-9));
      }
    }
  }

  @Test
  void thePeakIsTheMostAndSlowlyForgotten() {
    sample(0);
    assertThat(seen.peakInFlight()).isNaN();
    sample(40);
    sample(3);
    assertThat(seen.peakInFlight()).isBetween(39.9, 40.0);
    for (int i = 0; i < 36_000; i++) {
      sample(1);
    }
    assertThat(seen.peakInFlight()).as("an hour later").isBetween(15.0, 25.0);
  }

  @Test
  void tokensPerSecondAreThoseOfTheLastSeconds() {
    sample(0);
    assertThat(seen.tokensPerSecond()).isNaN();
    for (int i = 0; i < 600; i++) {
      if (i % 10 == 0) {
        seen.generated(200);
      }
      sample(1);
    }
    assertThat(seen.tokensPerSecond()).isCloseTo(200, within(20.0));
    for (int i = 0; i < 300; i++) {
      sample(0);
    }
    assertThat(seen.tokensPerSecond()).isNaN();
    seen.generated(100);
    sample(0);
    assertThat(seen.tokensPerSecond()).isBetween(5.0, 40.0);
  }

  @Test
  void everyEndpointIsSampledWithWhatOthersHaveInFlightToo() {
    var bed = new RegistryTestbed(3);
    bed.endpoint(0).reserve();
    bed.endpoint(1).setPeers(2, 0);

    for (int i = 0; i < 20; i++) {
      EndpointSampler.sample(bed.registry.pools(), i * SECOND / 10);
    }

    assertThat(bed.endpoint(0).observations().busyShare()).isEqualTo(1);
    assertThat(bed.endpoint(1).observations().busyShare()).isEqualTo(1);
    assertThat(bed.endpoint(1).observations().peakInFlight()).isBetween(1.9, 2.0);
    assertThat(bed.endpoint(2).observations().busyShare()).isZero();
    bed.close();
  }
}
