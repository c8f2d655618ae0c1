package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Measures how long it takes until what one replica has decided is followed by another.
 *
 * <p>A prompt that nobody knows is routed by the one; then the other is asked again and again until
 * it picks the same pod. Its first, wrong pick stays in flight, so that of the two pods that it
 * then believes to hold the prompt the right one is the less busy one.
 */
final class SharingDelay {
  private static final long PROBE_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final int MAX_PAUSE_MILLIS = 20;
  private static final int PROMPT_TOKENS = 1_000;
  private static final String STRATEGY = "prefix-cache";

  private final String model;
  private final List<DecisionClient> replicas;
  private final Random random;

  /**
   * A measurement.
   *
   * @param replicas the two of them
   */
  SharingDelay(String model, List<DecisionClient> replicas, long seed) {
    this.model = model;
    this.replicas = List.copyOf(replicas);
    this.random = new Random(seed);
  }

  /**
   * Measures this many times, in both directions by turns.
   *
   * @return milliseconds from the decision of the one to the following one of the other
   * @throws IllegalStateException if one is not followed within 5 s
   */
  double[] measure(int times) {
    var millis = new double[times];
    for (int i = 0; i < times; i++) {
      // Any phase of the replicas' batches is as likely as any other.
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1) * random.nextInt(1, MAX_PAUSE_MILLIS));
      millis[i] = delayNanos(replicas.get(i % 2), replicas.get(1 - i % 2)) / 1e6;
    }
    return millis;
  }

  private long delayNanos(DecisionClient teacher, DecisionClient pupil) {
    var question = new Message("user", Words.text(random, PROMPT_TOKENS));
    String json = new TraceRequest(0, 0, 0, 0, List.of(question), 1).body(model);
    ByteString body = ByteString.copyFromUtf8(json);
    DecisionClient.Held taught = teacher.decide(STRATEGY, body);
    taught.close();
    DecisionClient.@Nullable Held wrong = null;
    try {
      while (true) {
        DecisionClient.Held probe = pupil.decide(STRATEGY, body);
        long elapsed = probe.decidedNanos() - taught.decidedNanos();
        if (probe.target().equals(taught.target())) {
          probe.close();
          return elapsed;
        }
        if (wrong == null) {
          wrong = probe;
        } else {
          probe.close();
        }
        if (elapsed > LIMIT_NANOS) {
          throw new IllegalStateException(
              "a prompt learnt by one replica was not followed by the other");
        }
        LockSupport.parkNanos(PROBE_INTERVAL_NANOS);
      }
    } finally {
      if (wrong != null) {
        wrong.close();
      }
    }
  }
}
