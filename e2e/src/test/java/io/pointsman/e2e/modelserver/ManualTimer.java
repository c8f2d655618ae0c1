package io.pointsman.e2e.modelserver;

import java.util.Comparator;
import java.util.PriorityQueue;

/** Time that passes only when a test says so; tasks run in order of their time. */
final class ManualTimer implements Timer {
  private record Task(long nanos, long order, Runnable body) {}

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(Comparator.comparingLong(Task::nanos).thenComparingLong(Task::order));
  private long now;
  private long order;

  @Override
  public long nanos() {
    return now;
  }

  @Override
  public void at(long nanos, Runnable task) {
    tasks.add(new Task(Math.max(nanos, now), order++, task));
  }

  /** Lets this much time pass. */
  void pass(long millis) {
    long end = now + millis * 1_000_000;
    while (!tasks.isEmpty() && tasks.element().nanos() <= end) {
      Task next = tasks.remove();
      now = next.nanos();
      next.body().run();
    }
    now = end;
  }

  @Override
  public void close() {
    tasks.clear();
  }
}
