package io.pointsman.plugin.extproc;

import org.jspecify.annotations.Nullable;

/** What a stream does when work that it waited for is over. */
@FunctionalInterface
interface Continuation<T> {
  /**
   * Goes on, under the stream's lock.
   *
   * @param value what came of the work; null if it failed, or if nothing came of it
   * @param failure why it failed, or null
   */
  void run(@Nullable T value, @Nullable Throwable failure);
}
