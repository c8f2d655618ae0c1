package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import io.pointsman.e2e.harness.Await;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * Lets replicas route a trace's requests by turns, at a constant rate, and keeps each in flight for
 * as long as its answer takes. None waits for the decision of the one before it. Starts over at the
 * end of the trace.
 */
final class BackgroundTraffic implements AutoCloseable {
  private static final String STRATEGY = "prefix-cache";
  private static final Duration LIMIT = Duration.ofMinutes(10);

  /**
   * What became of some requests.
   *
   * @param count how many were routed
   * @param failed how many were not
   * @param millis from question to decision
   */
  record Decisions(int count, int failed, Percentiles millis) {}

  private final String model;
  private final List<TraceRequest> requests;
  private final List<DecisionClient> replicas;
  private final double decodeRate;
  private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
  private final AtomicInteger inFlight = new AtomicInteger();
  private int sent;
  private int mostInFlight;
  private int decided;
  private int failed;
  private DoubleStream.Builder millis = DoubleStream.builder();

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

  /** The most requests that were in flight at one time. */
  synchronized int mostInFlight() {
    return mostInFlight;
  }

  /** Counts from here on for {@link #await}. */
  synchronized void begin() {
    decided = 0;
    failed = 0;
    millis = DoubleStream.builder();
  }

  /** Waits until so many requests have been decided, or have failed, since {@link #begin}. */
  Decisions await(int count) {
    Await.until(count + " requests are decided", LIMIT, () -> ended() >= count);
    synchronized (this) {
      var decisions = new Decisions(decided, failed, new Percentiles(millis.build().toArray()));
      begin();
      return decisions;
    }
  }

  /** Stops at once. */
  @Override
  public void close() {
    executor.shutdownNow();
  }

  private void next() {
    TraceRequest request = requests.get(sent % requests.size());
    DecisionClient replica = replicas.get(sent % replicas.size());
    sent++;
    var unused =
        replica
            .decideAsync(STRATEGY, ByteString.copyFromUtf8(request.body(model)))
            .whenComplete((held, failure) -> decided(held, request));
  }

  private void decided(DecisionClient.@Nullable Held held, TraceRequest request) {
    count(held);
    if (held != null) {
      try {
        var unused =
            executor.schedule(
                () -> end(held),
                (long) (request.maxTokens() * 1e9 / decodeRate),
                TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        // Stopped meanwhile.
        end(held);
      }
    }
  }

  private synchronized void count(DecisionClient.@Nullable Held held) {
    if (held == null) {
      failed++;
      return;
    }
    decided++;
    millis.add(held.millis());
    mostInFlight = Math.max(mostInFlight, inFlight.incrementAndGet());
  }

  private void end(DecisionClient.Held held) {
    held.close();
    inFlight.decrementAndGet();
  }

  private synchronized int ended() {
    return decided + failed;
  }
}
