package io.pointsman.e2e.replay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends a trace's requests at their arrival times. A turn whose predecessor has not ended by then
 * is sent when it has: nobody asks on before the answer is there.
 */
final class Replay {
  private final StreamClient client;
  private final double timeScale;
  private final long startNanos = System.nanoTime();
  private final Map<Integer, CompletableFuture<Long>> conversations = new HashMap<>();

  private Replay(StreamClient client, double timeScale) {
    this.client = client;
    this.timeScale = timeScale;
  }

  /**
   * Replays a trace and waits until all answers have ended.
   *
   * @param timeScale how many seconds of the trace pass in a second
   * @return one outcome for each request, in the trace's order
   */
  static List<Outcome> run(Trace trace, StreamClient client, double timeScale) {
    return new Replay(client, timeScale).run(trace);
  }

  private List<Outcome> run(Trace trace) {
    var outcomes = new ArrayList<CompletableFuture<Outcome>>(trace.requests().size());
    for (TraceRequest request : trace.requests()) {
      long dueNanos = startNanos + (long) (request.arrivalMillis() * 1e6 / timeScale);
      for (long left = dueNanos - System.nanoTime(); left > 0; ) {
        LockSupport.parkNanos(left);
        left = dueNanos - System.nanoTime();
      }
      CompletableFuture<Outcome> outcome =
          conversations
              .getOrDefault(request.conversation(), CompletableFuture.completedFuture(dueNanos))
              .thenCompose(
                  endedNanos -> {
                    boolean waited = endedNanos - dueNanos > 0;
                    return client.send(request, waited ? endedNanos : dueNanos, waited);
                  });
      conversations.put(request.conversation(), outcome.thenApply(ended -> System.nanoTime()));
      outcomes.add(outcome);
    }
    return outcomes.stream().map(CompletableFuture::join).toList();
  }
}
