package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells of prefills that failed, in one line a second at most. Thread-safe. */
final class PrefillLog {
  private static final Logger log = LoggerFactory.getLogger(PrefillLog.class);
  private static final long PAUSE = TimeUnit.SECONDS.toNanos(1);

  private final LongSupplier clock;
  private final AtomicLong next;
  private final AtomicInteger untold = new AtomicInteger();

  /**
   * @param clock nanoseconds
   */
  PrefillLog(LongSupplier clock) {
    this.clock = clock;
    next = new AtomicLong(clock.getAsLong());
  }

  /**
   * @param then what becomes of the request
   */
  void failed(Endpoint pod, PrefillFailure failure, String what, String then) {
    long now = clock.getAsLong();
    long due = next.get();
    if (now - due < 0 || !next.compareAndSet(due, now + PAUSE)) {
      untold.incrementAndGet();
      return;
    }
    log.warn(
        "prefill failed model={} endpoint={} address={} reason={} what=\"{}\" then={} untold={}",
        pod.model(),
        pod.name(),
        pod.address(),
        failure.label(),
        what,
        then,
        untold.getAndSet(0));
  }
}
