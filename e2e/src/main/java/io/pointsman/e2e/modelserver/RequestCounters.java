package io.pointsman.e2e.modelserver;

import java.util.EnumMap;
import java.util.Map;

/** Generation requests of one server, counted from the headers to the end. Thread-safe. */
final class RequestCounters {
  private long received;
  private int inFlight;
  private int peak;
  private final Map<Leg.Kind, Long> kinds = new EnumMap<>(Leg.Kind.class);

  synchronized void begin() {
    received++;
    inFlight++;
    peak = Math.max(peak, inFlight);
  }

  synchronized void end() {
    inFlight--;
  }

  /** A request whose prompt is about to be computed, or was fetched. */
  synchronized void count(Leg.Kind kind) {
    kinds.merge(kind, 1L, Long::sum);
  }

  synchronized long ofKind(Leg.Kind kind) {
    return kinds.getOrDefault(kind, 0L);
  }

  synchronized long received() {
    return received;
  }

  synchronized int inFlight() {
    return inFlight;
  }

  synchronized int peak() {
    return peak;
  }
}
