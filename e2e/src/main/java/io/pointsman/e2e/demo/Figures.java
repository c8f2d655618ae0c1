package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.Reply;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** What clients saw, by pod. Thread-safe. */
final class Figures {
  private static final Comparator<Pair> ORDER =
      Comparator.comparing(Pair::prefill).thenComparing(Pair::decode);

  private final Map<String, PodFigures> pods = new ConcurrentHashMap<>();
  private final Map<Pair, PodFigures> pairs = new ConcurrentHashMap<>();
  private final AtomicLong withoutPod = new AtomicLong();

  /** The two pods that shared a request, by their names. */
  record Pair(String prefill, String decode) implements Comparable<Pair> {
    @Override
    public int compareTo(Pair other) {
      return ORDER.compare(this, other);
    }
  }

  /** Books an answer under the pod that it names; an error without one is kept apart. */
  void add(Reply reply) {
    String pod = reply.header("target-pod");
    if (pod == null) {
      withoutPod.incrementAndGet();
      return;
    }
    boolean good = reply.status() == 200;
    pod(pod).add(good, reply.millis());
    String prefill = reply.header("prefill-target-pod");
    if (prefill != null) {
      pairs
          .computeIfAbsent(new Pair(prefill, pod), key -> new PodFigures())
          .add(good, reply.millis());
    }
  }

  /** Books a request that got no answer. */
  void addFailure() {
    withoutPod.incrementAndGet();
  }

  PodFigures pod(String name) {
    return pods.computeIfAbsent(name, key -> new PodFigures());
  }

  /** True if a pod answered, or computed a prompt for one that did. */
  boolean hasSeen(String name) {
    return pods.containsKey(name)
        || pairs.keySet().stream().anyMatch(pair -> pair.prefill().equals(name));
  }

  /** What is known of pairs. */
  Map<Pair, PodFigures> pairs() {
    return Map.copyOf(pairs);
  }

  /** Requests that failed before a pod was picked, or whose connection broke. */
  long withoutPod() {
    return withoutPod.get();
  }
}
