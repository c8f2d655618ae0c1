package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EngineSignalsTest {
  private static final long MINUTE = Duration.ofMinutes(1).toNanos();

  private final RegistryTestbed bed = new RegistryTestbed(1);
  private final Endpoint endpoint = bed.endpoint(0);

  @AfterEach
  void close() {
    bed.close();
  }

  private long now() {
    return bed.clock.getAsLong();
  }

  @Test
  void signalsAreKnownUntilTheyAreOutOfDate() {
    assertThat(endpoint.engineSignals(now())).isSameAs(EngineSignals.UNKNOWN);
    var signals = new EngineSignals(now() + 3_000_000_000L, 2, 0.5, 0.25, 100, 1.5);

    endpoint.engineSignals(signals);

    bed.clock.pass(Duration.ofSeconds(3));
    assertThat(endpoint.engineSignals(now())).isSameAs(signals);
    assertThat(endpoint.recentEngineSignals(now())).isSameAs(signals);
    bed.clock.pass(Duration.ofNanos(1));
    assertThat(endpoint.engineSignals(now())).isSameAs(EngineSignals.UNKNOWN);
    assertThat(endpoint.recentEngineSignals(now())).isSameAs(EngineSignals.UNKNOWN);
  }

  @Test
  void onlyAnEngineThatWasAskedForIsWanted() {
    assertThat(endpoint.engineSignalsWanted(now(), MINUTE)).isFalse();
    endpoint.recentEngineSignals(now());
    assertThat(endpoint.engineSignalsWanted(now(), MINUTE)).isFalse();

    endpoint.engineSignals(now());

    bed.clock.pass(Duration.ofSeconds(50));
    assertThat(endpoint.engineSignalsWanted(now(), MINUTE)).isTrue();
    endpoint.engineSignals(now());
    bed.clock.pass(Duration.ofSeconds(50));
    assertThat(endpoint.engineSignalsWanted(now(), MINUTE)).isTrue();
    bed.clock.pass(Duration.ofSeconds(11));
    assertThat(endpoint.engineSignalsWanted(now(), MINUTE)).isFalse();
  }
}
