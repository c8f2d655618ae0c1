package io.pointsman.plugin.endpoint.kubernetes;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs a task soon after it was asked for: at once after a quiet time, else when a gap has passed
 * since the last run, however often it was asked for in between. A task that takes long is given a
 * longer gap, so that it never takes more than a fifth of a core. Thread-safe.
 */
final class PacedTask {
  private static final int REST = 4;

  private final ScheduledExecutorService thread;
  private final long gapNanos;
  private final Runnable task;
  private final AtomicBoolean asked = new AtomicBoolean();

  /** When the next run may begin, by {@link System#nanoTime}. */
  private volatile long notBefore = System.nanoTime();

  /**
   * @param thread with one thread
   * @param task throws nothing
   */
  PacedTask(ScheduledExecutorService thread, Duration gap, Runnable task) {
    this.thread = thread;
    this.gapNanos = gap.toNanos();
    this.task = task;
  }

  /** Asks for a run; it begins after this call has begun. */
  void ask() {
    if (asked.compareAndSet(false, true)) {
      runIn(notBefore - System.nanoTime());
    }
  }

  private void runIn(long nanos) {
    try {
      var unused = thread.schedule(this::run, Math.max(0, nanos), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Closed: nobody wants the outcome any more.
      asked.set(true);
    }
  }

  private void run() {
    long begin = System.nanoTime();
    if (notBefore - begin > 0) {
      // Asked for while a run was under way, and so before it was known when the next may begin.
      runIn(notBefore - begin);
      return;
    }
    asked.set(false);
    task.run();
    long end = System.nanoTime();
    notBefore = end + Math.max(gapNanos, REST * (end - begin));
  }
}
