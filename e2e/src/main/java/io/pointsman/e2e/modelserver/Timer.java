package io.pointsman.e2e.modelserver;

/** Time, and tasks at a time: one thread runs them all, one after the other. */
interface Timer extends AutoCloseable {
  /** Now, as {@link System#nanoTime} counts. */
  long nanos();

  /** Runs a task at a time, or soon if the time has passed. Does nothing once closed. */
  void at(long nanos, Runnable task);

  /** Runs a task soon. */
  default void soon(Runnable task) {
    at(nanos(), task);
  }

  @Override
  void close();
}
