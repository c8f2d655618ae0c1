package io.pointsman.plugin.endpoint.kubernetes;

import static io.pointsman.plugin.endpoint.kubernetes.Pods.pod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.Topology;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Discovery against a small API server of our own, which plays what the mock does not: pages,
 * watches that end, fall silent or are refused, bookmarks, and versions that are too old.
 */
class WatchProtocolTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration NEVER = Duration.ofDays(1);

  @TempDir Path folder;
  private final PagedApiServer api;
  private volatile Topology newest = new Topology(List.of());
  private @Nullable KubernetesDiscovery discovery;

  WatchProtocolTest() throws IOException {
    api = new PagedApiServer();
  }

  @AfterEach
  void close() {
    if (discovery != null) {
      discovery.close();
    }
    api.close();
  }

  private void start(Duration silence) throws Exception {
    discovery =
        new KubernetesDiscovery(
            new KubernetesSettings(
                api.kubeconfig(folder), List.of(), false, null, false, PodKeys.STANDARD),
            name -> true,
            new SimpleMeterRegistry(),
            silence);
    discovery.start(topology -> newest = topology);
  }

  private List<String> names() {
    return newest.models().stream()
        .flatMap(model -> model.endpoints().stream())
        .map(EndpointSpec::name)
        .toList();
  }

  private void awaitPods(String... names) {
    await().atMost(LONG).untilAsserted(() -> assertThat(names()).containsExactly(names));
  }

  private void awaitWatches(int count) {
    await().atMost(LONG).until(() -> api.watchedFrom.size() >= count);
  }

  private void putMany(int count) {
    for (int i = 0; i < count; i++) {
      api.put(pod("pod-" + i, "10.0.%d.%d".formatted(i / 250, i % 250 + 1)));
    }
  }

  @Test
  void podsAreListedInPages() throws Exception {
    putMany(1_203);
    start(NEVER);
    await().atMost(LONG).until(() -> names().size() == 1_203);

    assertThat(api.pages).containsExactly(500, 500, 203);
    KubernetesDiscovery started = Objects.requireNonNull(discovery);
    await().atMost(LONG).until(() -> started.status().equals("ok"));
    api.put(pod("one-more", "10.1.0.1"));
    await().atMost(LONG).until(() -> names().contains("one-more"));
    assertThat(api.lists).hasValue(1);
  }

  @Test
  void aListWhosePagesExpireBeginsAnew() throws Exception {
    putMany(1_203);
    api.expiries.set(1);
    start(NEVER);
    await().atMost(LONG).until(() -> names().size() == 1_203);

    assertThat(api.lists).hasValue(2);
    assertThat(api.pages).containsExactly(500, 500, 500, 203);
  }

  /** The informer gets nothing else to keep: its store is ours. */
  @Test
  void ofAPodOnlyItsRecordIsKept() throws Exception {
    putMany(3);
    var store = new PodStore(new PodReader(PodKeys.STANDARD, new SharedTexts(), false), () -> {});
    try (KubernetesClient client = KubernetesClients.open(api.kubeconfig(folder));
        var watch = new PodWatch(client, ApiServer.NAMESPACE, "any", store)) {
      watch.start(() -> {});
      await().atMost(LONG).until(watch::isListed);

      assertThat(store.size()).isEqualTo(3);
      Pod kept = Objects.requireNonNull(store.get(ApiServer.NAMESPACE + "/pod-1"));
      assertThat(kept.getSpec()).isNull();
      assertThat(kept.getStatus()).isNull();
      assertThat(kept.getMetadata().getLabels()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aVersionThatIsTooOldMakesANewList(boolean byStatus) throws Exception {
    api.goneByStatus = byStatus;
    api.put(pod("a", "10.0.0.1"));
    api.put(pod("b", "10.0.0.2"));
    start(NEVER);
    awaitPods("a", "b");
    awaitWatches(1);
    api.changeUnseen(Map.of("b", pod("b", "10.0.0.2"), "c", pod("c", "10.0.0.3")));

    awaitPods("b", "c");
    assertThat(api.lists).hasValue(2);
    api.delete("b");
    awaitPods("c");
  }

  @Test
  void aWatchThatEndsGoesOnWhereItWas() throws Exception {
    api.put(pod("a", "10.0.0.1"));
    start(NEVER);
    awaitPods("a");
    awaitWatches(1);
    api.put(pod("b", "10.0.0.2"));
    awaitPods("a", "b");
    api.endWatches();
    api.put(pod("c", "10.0.0.3"));

    awaitPods("a", "b", "c");
    assertThat(api.lists).hasValue(1);
    assertThat(api.watchedFrom.get(1)).isGreaterThan(api.watchedFrom.get(0));
  }

  @Test
  void aWatchGoesOnFromItsBookmark() throws Exception {
    api.put(pod("a", "10.0.0.1"));
    start(NEVER);
    awaitPods("a");
    awaitWatches(1);
    api.put(pod("b", "10.0.0.2"));
    long marked = api.bookmark();
    awaitPods("a", "b");
    api.endWatches();
    awaitWatches(2);

    assertThat(api.watchedFrom.get(1)).isEqualTo(marked);
    assertThat(api.lists).hasValue(1);
  }

  @Test
  void aWatchThatIsRefusedIsTriedAgain() throws Exception {
    api.put(pod("a", "10.0.0.1"));
    api.refusals.set(2);
    start(NEVER);
    awaitPods("a");
    awaitWatches(3);
    api.put(pod("b", "10.0.0.2"));

    awaitPods("a", "b");
  }

  @Test
  void aWatchThatIsRefusedLaterIsTriedAgain() throws Exception {
    api.put(pod("a", "10.0.0.1"));
    start(NEVER);
    awaitPods("a");
    awaitWatches(1);
    api.put(pod("b", "10.0.0.2"));
    awaitPods("a", "b");
    api.refusals.set(2);
    api.endWatches();
    awaitWatches(4);
    api.put(pod("c", "10.0.0.3"));

    awaitPods("a", "b", "c");
  }

  /** As one whose connection was lost on the way, without either end being told. */
  @Test
  void aWatchThatFellSilentIsBegunAnew() throws Exception {
    api.put(pod("a", "10.0.0.1"));
    start(Duration.ofSeconds(1));
    awaitPods("a");
    awaitWatches(1);
    api.silenceWatches();
    api.put(pod("b", "10.0.0.2"));

    awaitPods("a", "b");
  }
}
