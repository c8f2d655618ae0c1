package io.pointsman.plugin.endpoint.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PacedTaskTest {
  private static final Duration GAP = Duration.ofMillis(1);

  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private final AtomicInteger runs = new AtomicInteger();

  @AfterEach
  void close() {
    thread.shutdownNow();
  }

  @Test
  void itRunsForEveryCallThatNoRunHasSeen() {
    var task = new PacedTask(thread, GAP, runs::incrementAndGet);
    for (int i = 1; i <= 5; i++) {
      task.ask();
      int expected = i;
      await().until(() -> runs.get() == expected);
    }
  }

  @Test
  void whateverIsAskedDuringARunBecomesOneMore() throws Exception {
    var begun = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var task =
        new PacedTask(
            thread,
            GAP,
            () -> {
              runs.incrementAndGet();
              begun.countDown();
              awaitUninterrupted(go);
            });
    task.ask();
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    for (int i = 0; i < 10_000; i++) {
      task.ask();
    }
    go.countDown();
    await().until(() -> runs.get() == 2);
    task.ask();

    await().until(() -> runs.get() == 3);
  }

  @Test
  void onceItsThreadIsClosedNothingHappens() {
    var task = new PacedTask(thread, GAP, runs::incrementAndGet);
    thread.shutdown();
    task.ask();
    task.ask();

    assertThat(runs).hasValue(0);
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
