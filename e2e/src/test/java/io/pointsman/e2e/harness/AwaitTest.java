package io.pointsman.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitTest {
  private static final Duration SHORT = Duration.ofMillis(30);
  private static final Duration LONG = Duration.ofSeconds(20);

  @Test
  void returnsOnceTheConditionHolds() {
    var asked = new AtomicInteger();
    Await.until("asked three times", LONG, () -> asked.incrementAndGet() == 3);
    assertThat(asked).hasValue(3);
  }

  @Test
  void takesAnExceptionForNotYet() {
    var asked = new AtomicInteger();
    Await.until(
        "connected",
        LONG,
        () -> {
          if (asked.incrementAndGet() < 3) {
            throw new IOException("refused");
          }
          return true;
        });
    assertThat(asked).hasValue(3);
  }

  @Test
  void saysWhatWasAwaitedWhatFailedLastAndShowsTheEvidence() {
    Await.Condition failing =
        () -> {
          throw new IOException("connection refused");
        };
    assertThatThrownBy(() -> Await.until("redis answers", SHORT, failing, () -> "the log's end"))
        .isInstanceOf(HarnessException.class)
        .hasMessageContaining("not within 30 ms: redis answers")
        .hasMessageContaining("connection refused")
        .hasMessageContaining("the log's end");
  }

  @Test
  void givesUpWhenInterrupted() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> Await.until("never", LONG, () -> false))
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }
}
