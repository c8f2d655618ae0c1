package io.pointsman.e2e.harness;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waits for conditions, and says what was missing when one does not come true. */
public final class Await {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private Await() {}

  /** Something that comes true sooner or later; an exception counts as not yet. */
  @FunctionalInterface
  public interface Condition {
    boolean holds() throws Exception;
  }

  /**
   * Returns as soon as the condition holds.
   *
   * @param what the condition in words, as in "Envoy is ready"
   * @param evidence asked for only on failure: a log's tail, the state that was seen
   * @throws HarnessException after {@code limit}, or when the thread is interrupted
   */
  public static void until(
      String what, Duration limit, Condition condition, Supplier<String> evidence) {
    long deadline = System.nanoTime() + limit.toNanos();
    Exception last;
    do {
      try {
        if (condition.holds()) {
          return;
        }
        last = null;
      } catch (HarnessException e) {
        throw e;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        last = e;
      } catch (Exception e) {
        last = e;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new HarnessException("interrupted while waiting until " + what);
      }
      LockSupport.parkNanos(POLL_NANOS);
    } while (System.nanoTime() < deadline);
    throw failure(what, limit, last, evidence.get());
  }

  /** As the other, with no evidence to show. */
  public static void until(String what, Duration limit, Condition condition) {
    until(what, limit, condition, () -> "");
  }

  private static HarnessException failure(
      String what, Duration limit, @Nullable Exception last, String evidence) {
    var message = new StringBuilder("not within %d ms: %s".formatted(limit.toMillis(), what));
    if (last != null) {
      message.append("\nlast failure: ").append(last);
    }
    if (!evidence.isEmpty()) {
      message.append('\n').append(evidence);
    }
    return last == null
        ? new HarnessException(message.toString())
        : new HarnessException(message.toString(), last);
  }
}
