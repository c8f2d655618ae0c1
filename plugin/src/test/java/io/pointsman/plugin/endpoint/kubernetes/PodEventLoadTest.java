package io.pointsman.plugin.endpoint.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfigReader;
import io.pointsman.plugin.endpoint.Pool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Events of pods in any number, from the informer's store to the pools that routing reads. */
class PodEventLoadTest {
  private static final int PODS = 100;
  private static final int EVENTS = 5_000;

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
  private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1);
  private final AtomicInteger topologies = new AtomicInteger();
  private final TopologyBuilder builder =
      new TopologyBuilder(
          new ProfileChooser(new ModelConfigReader(name -> true), "config"),
          new ProfileReport(new NoEvents(), meters));

  /** What should be known in the end: whether each pod is ready. */
  private final Map<String, Boolean> model = new TreeMap<>();

  private static final class NoEvents implements PodEvents {
    @Override
    public void warn(PodRecord pod, String reason, String message) {}

    @Override
    public void close() {}
  }

  @AfterEach
  void close() {
    thread.shutdownNow();
    registry.close();
  }

  private PodStore store(Runnable onChange) {
    return new PodStore(new PodReader(PodKeys.STANDARD, new SharedTexts(), false), onChange);
  }

  private void publish(PodStore store) {
    List<PodRecord> pods = new ArrayList<>();
    store.addTo(pods);
    registry.apply(builder.build(pods));
    topologies.incrementAndGet();
  }

  /** Pods that come, go, and change their readiness. */
  private void play(PodStore store, long seed, int events) {
    var random = new SplittableRandom(seed);
    for (int i = 0; i < events; i++) {
      int number = random.nextInt(PODS);
      String name = "pod-" + number;
      if (random.nextInt(10) == 0) {
        model.remove(name);
        var unused = store.remove(name);
      } else {
        boolean ready = random.nextBoolean();
        model.put(name, ready);
        Pod pod = Pods.ready(Pods.pod(name, "10.0.0." + (number + 1)), ready).build();
        var unused = store.put(name, pod);
      }
    }
  }

  private Map<String, Boolean> known() {
    Map<String, Boolean> known = new TreeMap<>();
    Pool pool = registry.pools().find("m");
    if (pool != null) {
      pool.all().forEach(endpoint -> known.put(endpoint.name(), false));
      for (Endpoint candidate : pool.candidates()) {
        known.put(candidate.name(), true);
      }
    }
    return known;
  }

  @Test
  void whateverComesWhileATopologyIsMadeIsInTheNextOne() throws Exception {
    var begun = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var asked = new AtomicInteger();
    PodStore[] store = new PodStore[1];
    var task =
        new PacedTask(
            thread,
            Duration.ofMillis(1),
            () -> {
              publish(store[0]);
              begun.countDown();
              awaitUninterrupted(go);
            });
    store[0] =
        store(
            () -> {
              asked.incrementAndGet();
              task.ask();
            });
    play(store[0], 1, 1);
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    play(store[0], 2, EVENTS);
    go.countDown();
    await().until(() -> topologies.get() == 2 && thread.getActiveCount() == 0);

    assertThat(asked.get()).isGreaterThan(EVENTS / 3);
    assertThat(thread.getQueue()).as("nothing more is to come").isEmpty();
    assertThat(topologies).hasValue(2);
    assertThat(known()).isEqualTo(model);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void whenAllIsQuietTheLastStateIsKnown(long seed) {
    PodStore[] store = new PodStore[1];
    var task = new PacedTask(thread, Duration.ofNanos(1), () -> publish(store[0]));
    store[0] = store(task::ask);
    play(store[0], seed, EVENTS);

    await().untilAsserted(() -> assertThat(known()).as("seed %d", seed).isEqualTo(model));
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
