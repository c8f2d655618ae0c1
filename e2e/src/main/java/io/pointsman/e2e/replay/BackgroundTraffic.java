package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets replicas route a trace's requests by turns, at a constant rate, and keeps each in flight for
 * as long as its answer takes. Starts over at the end of the trace.
 */
final class BackgroundTraffic implements AutoCloseable {
  private static final String STRATEGY = "prefix-cache";

  private final String model;
  private final List<TraceRequest> requests;
  private final List<DecisionClient> replicas;
  private final double decodeRate;
  private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(2);
  private final AtomicInteger sent = new AtomicInteger();
  private final AtomicInteger inFlight = new AtomicInteger();

  /** Starts it. */
  BackgroundTraffic(
      String model, Trace trace, List<DecisionClient> replicas, double requestsPerSecond) {
    this.model = model;
    this.requests = trace.requests();
    this.replicas = List.copyOf(replicas);
    this.decodeRate = trace.settings().decodeRate();
    var unused =
        executor.scheduleAtFixedRate(
            this::next, 0, (long) (1e9 / requestsPerSecond), TimeUnit.NANOSECONDS);
  }

  /** Requests routed so far. */
  int sent() {
    return sent.get();
  }

  /** Requests in flight now. */
  int inFlight() {
    return inFlight.get();
  }

  /** Stops at once. */
  @Override
  public void close() {
    executor.shutdownNow();
  }

  private void next() {
    int number = sent.getAndIncrement();
    TraceRequest request = requests.get(number % requests.size());
    DecisionClient replica = replicas.get(number % replicas.size());
    DecisionClient.Held held =
        replica.decide(STRATEGY, ByteString.copyFromUtf8(request.body(model)));
    inFlight.incrementAndGet();
    var unused =
        executor.schedule(
            () -> {
              held.close();
              inFlight.decrementAndGet();
            },
            (long) (request.maxTokens() * 1e9 / decodeRate),
            TimeUnit.NANOSECONDS);
  }
}
