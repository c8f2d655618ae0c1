package io.pointsman.plugin.extproc;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts faults and logs the first of each kind, and then at most one a minute: wrong wiring shows
 * in every request. Thread-safe.
 */
final class FaultLog {
  private static final Logger log = LoggerFactory.getLogger(FaultLog.class);
  private static final long PAUSE = TimeUnit.MINUTES.toNanos(1);

  private final RequestMetrics metrics;
  private final LongSupplier clock;
  private final Map<ProtocolFault, AtomicLong> nextLine = new EnumMap<>(ProtocolFault.class);

  /**
   * @param clock nanoseconds
   */
  FaultLog(RequestMetrics metrics, LongSupplier clock) {
    this.metrics = metrics;
    this.clock = clock;
    for (ProtocolFault fault : ProtocolFault.values()) {
      nextLine.put(fault, new AtomicLong(clock.getAsLong()));
    }
  }

  void report(ProtocolFault fault, String what) {
    report(fault, what, null);
  }

  void report(ProtocolFault fault, String what, @Nullable Throwable cause) {
    metrics.fault(fault);
    if (isDue(fault)) {
      log.warn("ext_proc stream ended: fault={} what=\"{}\"", fault.label(), what, cause);
    }
  }

  private boolean isDue(ProtocolFault fault) {
    AtomicLong next = nextLine.get(fault);
    if (next == null) {
      return true;
    }
    long now = clock.getAsLong();
    long due = next.get();
    return now - due >= 0 && next.compareAndSet(due, now + PAUSE);
  }
}
