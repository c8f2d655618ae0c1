package io.pointsman.e2e.modelserver;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A timer on a thread of its own. */
final class ThreadTimer implements Timer {
  private final ScheduledThreadPoolExecutor executor;

  ThreadTimer(String name) {
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              var thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            },
            new ThreadPoolExecutor.DiscardPolicy());
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public void at(long nanos, Runnable task) {
    try {
      var unused = executor.schedule(task, nanos - nanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Closed: what was to happen later does not happen.
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
