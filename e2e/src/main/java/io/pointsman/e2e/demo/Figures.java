package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.Reply;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What clients saw, by pod. Thread-safe. */
final class Figures {
  private final Map<String, PodFigures> pods = new ConcurrentHashMap<>();
  private final AtomicLong withoutPod = new AtomicLong();

  /** Books an answer under the pod that it names; an error without one is kept apart. */
  void add(Reply reply) {
    String pod = reply.header("target-pod");
    if (pod == null) {
      withoutPod.incrementAndGet();
    } else {
      pod(pod).add(reply.status() == 200, reply.millis());
    }
  }

  /** Books a request that got no answer. */
  void addFailure() {
    withoutPod.incrementAndGet();
  }

  PodFigures pod(String name) {
    return pods.computeIfAbsent(name, key -> new PodFigures());
  }

  /** What is known of a pod, or null if it never answered. */
  @Nullable PodFigures find(String name) {
    return pods.get(name);
  }

  /** Requests that failed before a pod was picked, or whose connection broke. */
  long withoutPod() {
    return withoutPod.get();
  }
}
