package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures how long it takes until what one replica has decided is followed by another.
 *
 * <p>A prompt that nobody knows is routed by the one; then the other is asked again and again until
 * it picks the same pod. It learns from what it is asked. So each question goes one block further
 * into the prompt than the one before: where it sent the others itself, all but a block is held;
 * the pod it has yet to hear of holds all, and is preferred however busy the two are.
 */
final class SharingDelay {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final int MAX_PAUSE_MILLIS = 20;
  private static final String STRATEGY = "prefix-cache";

  /** Of the plugin's default size. */
  private static final int BLOCK_BYTES = 128;

  private static final int FIRST_BLOCKS = 8;
  private static final int BLOCKS = 256;

  /** Two questions are this part of the time since the decision apart, but so many at least. */
  private static final int RESOLUTION = 20;

  private static final long SHORTEST_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

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

  /**
   * Waits until a new prompt of each replica is followed by the other.
   *
   * @return milliseconds that this took
   * @throws IllegalStateException if it takes longer than 5 s
   */
  double agree() {
    long start = System.nanoTime();
    delayNanos(replicas.get(0), replicas.get(1));
    delayNanos(replicas.get(1), replicas.get(0));
    return (System.nanoTime() - start) / 1e6;
  }

  private long delayNanos(DecisionClient teacher, DecisionClient pupil) {
    String prompt = Words.text(random, BLOCKS * BLOCK_BYTES / Words.LENGTH);
    DecisionClient.Held taught = teacher.decide(STRATEGY, body(prompt, BLOCKS));
    taught.close();
    for (int blocks = FIRST_BLOCKS; blocks <= BLOCKS; blocks++) {
      DecisionClient.Held probe = pupil.decide(STRATEGY, body(prompt, blocks));
      probe.close();
      long elapsed = probe.decidedNanos() - taught.decidedNanos();
      if (probe.target().equals(taught.target())) {
        return elapsed;
      }
      if (elapsed > LIMIT_NANOS) {
        break;
      }
      LockSupport.parkNanos(Math.max(SHORTEST_NANOS, elapsed / RESOLUTION));
    }
    throw new IllegalStateException("a prompt learnt by one replica was not followed by the other");
  }

  private ByteString body(String prompt, int blocks) {
    var question = new Message("user", prompt.substring(0, blocks * BLOCK_BYTES));
    return ByteString.copyFromUtf8(new TraceRequest(0, 0, 0, 0, List.of(question), 1).body(model));
  }
}
