package io.pointsman.e2e.modelserver;

/** Generation requests of one server, counted from the headers to the end. Thread-safe. */
final class RequestCounters {
  private long received;
  private int inFlight;
  private int peak;

  synchronized void begin() {
    received++;
    inFlight++;
    peak = Math.max(peak, inFlight);
  }

  synchronized void end() {
    inFlight--;
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
