package io.pointsman.plugin.endpoint.kubernetes;

import static io.pointsman.plugin.endpoint.kubernetes.Pods.annotated;
import static io.pointsman.plugin.endpoint.kubernetes.Pods.labelled;
import static io.pointsman.plugin.endpoint.kubernetes.Pods.pod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Pools;
import io.pointsman.plugin.endpoint.Topology;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Discovery against a mock API server that keeps objects and tells of their changes.
 *
 * <p>What a real API server would add: resource versions that expire, bookmarks, watches that it
 * ends itself, and lists in pages, for which {@link WatchProtocolTest} has a server of its own;
 * checks of what it is given, service accounts that lack a right (403), throttling (429), and pods
 * that stay for a grace period when they are deleted, because a kubelet ends their containers. The
 * last is played here with a finalizer.
 */
class KubernetesDiscoveryTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String CONFIG = "model.aibrix.ai/config";

  @TempDir Path folder;
  private final ApiServer api = new ApiServer();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final EndpointRegistry registry =
      new EndpointRegistry(HealthSettings.DEFAULTS, new SimpleMeterRegistry());
  private final AtomicInteger topologies = new AtomicInteger();
  private boolean pools;
  private Duration silence = Duration.ofDays(1);
  private @Nullable KubernetesDiscovery discovery;

  @AfterEach
  void close() {
    if (discovery != null) {
      discovery.close();
    }
    registry.close();
    api.close();
  }

  private void start() throws Exception {
    start(List.of(), false, null);
  }

  private void start(List<String> namespaces, boolean everywhere, @Nullable String selector)
      throws Exception {
    discovery =
        new KubernetesDiscovery(
            new KubernetesSettings(
                api.kubeconfig(folder), namespaces, everywhere, selector, pools, PodKeys.STANDARD),
            Set.of("one", "two")::contains,
            meters,
            silence);
    discovery.start(this::take);
  }

  private void take(Topology topology) {
    topologies.incrementAndGet();
    registry.apply(topology);
  }

  private void awaitPools(Predicate<Pools> condition) {
    await().atMost(LONG).until(() -> condition.test(registry.pools()));
  }

  private Pool pool() {
    return Objects.requireNonNull(registry.pools().find("m"));
  }

  private KubernetesDiscovery discovery() {
    return Objects.requireNonNull(discovery);
  }

  private List<String> names(String model) {
    Pool pool = registry.pools().find(model);
    return pool == null ? List.of() : pool.all().stream().map(Endpoint::name).toList();
  }

  private List<String> candidates(String model) {
    Pool pool = registry.pools().find(model);
    return pool == null ? List.of() : pool.candidates().stream().map(Endpoint::name).toList();
  }

  private void awaitCandidates(String... names) {
    await().atMost(LONG).untilAsserted(() -> assertThat(candidates("m")).containsExactly(names));
  }

  private double gauge(String name) {
    return meters.get(name).gauge().value();
  }

  @Test
  void podsThatAreThereAndPodsThatComeAreFound() throws Exception {
    api.create(pod("a", "10.0.0.1"));
    api.create(labelled(pod("other", "10.0.0.9"), "model.aibrix.ai/name", "n"));
    start();
    awaitCandidates("a");
    api.create(pod("b", "10.0.0.2"));

    awaitCandidates("a", "b");
    assertThat(candidates("n")).containsExactly("other");
    assertThat(discovery().status()).isEqualTo("ok");
    assertThat(gauge("pointsman.discovery.current")).isEqualTo(1);
  }

  @Test
  void whatIsNotLabelledOrElsewhereIsNotFound() throws Exception {
    api.create(pod("a", "10.0.0.1"));
    api.create(pod("far", "10.0.0.2").editMetadata().withNamespace("elsewhere").endMetadata());
    api.create(pod("plain", "10.0.0.3").editMetadata().withLabels(null).endMetadata());
    start();

    awaitCandidates("a");
  }

  @Test
  void severalNamespacesMakeOneModel() throws Exception {
    api.create(pod("a", "10.0.0.1").editMetadata().withNamespace("x").endMetadata());
    api.create(pod("b", "10.0.0.2").editMetadata().withNamespace("y").endMetadata());
    api.create(pod("c", "10.0.0.3").editMetadata().withNamespace("z").endMetadata());
    start(List.of("x", "y"), false, null);

    awaitCandidates("a", "b");
  }

  @Test
  void everywhereIsEveryNamespace() throws Exception {
    api.create(pod("a", "10.0.0.1").editMetadata().withNamespace("x").endMetadata());
    api.create(pod("b", "10.0.0.2").editMetadata().withNamespace("y").endMetadata());
    start(List.of(), true, null);

    awaitCandidates("a", "b");
  }

  @Test
  void theSelectorSaysWhichPodsCount() throws Exception {
    api.create(labelled(pod("a", "10.0.0.1"), "app", "vllm"));
    api.create(labelled(pod("b", "10.0.0.2"), "app", "other"));
    start(List.of(), false, "app=vllm");

    awaitCandidates("a");
  }

  @Test
  void aPodThatIsNotReadyTakesNothingAndKeepsItsCounts() throws Exception {
    api.create(pod("a", "10.0.0.1"));
    start();
    awaitCandidates("a");
    Endpoint endpoint = pool().candidates().get(0);
    endpoint.reserve();
    api.ready("a", false);
    awaitCandidates();
    assertThat(names("m")).containsExactly("a");
    api.ready("a", true);
    awaitCandidates("a");

    assertThat(pool().candidates().get(0)).isSameAs(endpoint);
    assertThat(endpoint.inFlight()).isEqualTo(1);
  }

  @Test
  void aPodThatIsBeingDeletedTakesNothingUntilItIsGone() throws Exception {
    api.create(pod("a", "10.0.0.1").editMetadata().addToFinalizers("test/hold").endMetadata());
    api.create(pod("b", "10.0.0.2"));
    start();
    awaitCandidates("a", "b");
    api.delete("a");
    awaitCandidates("b");
    assertThat(names("m")).containsExactly("a", "b");
    api.edit("a", pod -> new PodBuilder(pod).editMetadata().withFinalizers().endMetadata().build());
    api.delete("a");

    await().atMost(LONG).until(() -> names("m").equals(List.of("b")));
  }

  @Test
  void aModelIsKnownWhileAnyOfItsPodsIsThere() throws Exception {
    api.create(pod("a", null));
    start();
    awaitPools(pools -> pools.find("m") != null);
    assertThat(names("m")).isEmpty();
    api.delete("a");

    awaitPools(pools -> pools.find("m") == null);
  }

  @Test
  void whileTheApiServerIsAwayTheLastKnownPodsStayAndThenAllIsReconciled() throws Exception {
    api.create(pod("a", "10.0.0.1"));
    api.create(pod("b", "10.0.0.2"));
    start();
    awaitCandidates("a", "b");
    Endpoint kept = pool().candidates().get(1);
    api.stop();
    await().atMost(LONG).until(() -> gauge("pointsman.discovery.current") == 0);
    assertThat(candidates("m")).containsExactly("a", "b");
    assertThat(discovery().status()).contains("since 20", "the last known pods stay");
    assertThat(gauge("pointsman.discovery.stale.seconds")).isPositive();

    api.startAgain();
    api.delete("a");
    api.create(pod("c", "10.0.0.3"));
    awaitCandidates("b", "c");
    assertThat(pool().candidates().get(0)).isSameAs(kept);
    await().atMost(LONG).until(() -> discovery().status().equals("ok"));
    assertThat(gauge("pointsman.discovery.stale.seconds")).isZero();
  }

  @Test
  void anApiServerThatIsAwayAtTheStartIsWaitedFor() throws Exception {
    api.create(pod("a", "10.0.0.1"));
    api.stop();
    start();
    await().atMost(LONG).until(() -> discovery().status().startsWith("waiting for the first list"));
    assertThat(topologies).hasValue(0);
    api.startAgain();

    awaitCandidates("a");
  }

  @Test
  void aKubeconfigThatIsNoneStopsTheStart() throws Exception {
    Path bad = Files.writeString(folder.resolve("bad"), "[");

    assertThatThrownBy(
            () ->
                new KubernetesDiscovery(
                    new KubernetesSettings(bad, List.of(), false, null, false, PodKeys.STANDARD),
                    name -> true,
                    meters))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("kubeconfig");
  }

  @Test
  void aChangedAnnotationChangesTheConfig() throws Exception {
    api.create(annotated(pod("a", "10.0.0.1"), CONFIG, locked("one")));
    start();
    awaitLocked("one");
    api.annotate("a", CONFIG, locked("two"));

    awaitLocked("two");
  }

  @Test
  void aWrongAnnotationIsToldOnThePodAndTheLastGoodOneStays() throws Exception {
    Pod pod = api.create(annotated(pod("a", "10.0.0.1"), CONFIG, locked("one")));
    start();
    awaitLocked("one");
    api.annotate("a", CONFIG, locked("three"));
    await().atMost(LONG).until(() -> gauge("pointsman.profile.invalid") == 1);
    assertThat(pool().config().lockedRoutingStrategy()).isEqualTo("one");
    assertThat(meters.get("pointsman.discovery.refused").counter().count()).isEqualTo(1);
    await().atMost(LONG).untilAsserted(() -> assertThat(events()).hasSize(1));
    Event event = events().get(0);
    assertThat(event.getType()).isEqualTo("Warning");
    assertThat(event.getReason()).isEqualTo("InvalidConfigProfile");
    assertThat(event.getMessage()).contains("lockedRoutingStrategy", "three");
    assertThat(event.getInvolvedObject().getName()).isEqualTo("a");
    assertThat(event.getInvolvedObject().getUid()).isEqualTo(pod.getMetadata().getUid());

    api.annotate("a", CONFIG, locked("two"));
    awaitLocked("two");
    assertThat(gauge("pointsman.profile.invalid")).isZero();
  }

  @Test
  void severalReplicasLeaveOneEventForOneMistake() throws Exception {
    api.create(annotated(pod("a", "10.0.0.1"), CONFIG, locked("three")));
    start();
    KubernetesDiscovery first = discovery();
    await().atMost(LONG).untilAsserted(() -> assertThat(events()).hasSize(1));
    first.close();
    var otherMeters = new SimpleMeterRegistry();
    discovery =
        new KubernetesDiscovery(
            new KubernetesSettings(
                api.kubeconfig(folder), List.of(), false, null, false, PodKeys.STANDARD),
            name -> false,
            otherMeters);
    discovery.start(this::take);
    await().atMost(LONG).until(() -> otherMeters.find("pointsman.profile.invalid").gauge() != null);

    await()
        .during(Duration.ofMillis(300))
        .atMost(LONG)
        .untilAsserted(() -> assertThat(events()).hasSize(1));
  }

  @Test
  void podsThatDisagreeAreCountedAndToldOfOnThePodThatHolds() throws Exception {
    api.create(annotated(pod("a", "10.0.0.1"), CONFIG, locked("one")));
    api.create(
        annotated(pod("b", "10.0.0.2"), CONFIG, locked("two"))
            .editMetadata()
            .withCreationTimestamp("2026-11-21T10:00:01Z")
            .endMetadata());
    start();
    awaitLocked("two");
    assertThat(gauge("pointsman.profile.disagreeing")).isEqualTo(1);
    await().atMost(LONG).untilAsserted(() -> assertThat(events()).hasSize(1));
    assertThat(events().get(0).getReason()).isEqualTo("ConflictingConfigProfiles");
    assertThat(events().get(0).getInvolvedObject().getName()).isEqualTo("b");
    api.annotate("a", CONFIG, locked("two"));

    await().atMost(LONG).until(() -> gauge("pointsman.profile.disagreeing") == 0);
  }

  @Test
  void manyEventsBecomeFewTopologies() throws Exception {
    for (int i = 0; i < 10; i++) {
      api.create(pod("pod-" + i, "10.0.0." + (i + 1)));
    }
    start();
    awaitPools(pools -> pools.find("m") != null);
    int before = topologies.get();
    long begin = System.nanoTime();
    for (int change = 0; change < 20; change++) {
      for (int i = 0; i < 10; i++) {
        api.annotate("pod-" + i, CONFIG, locked(change % 2 == 0 ? "two" : "one"));
      }
    }
    awaitLocked("one");
    await().atMost(LONG).until(() -> gauge("pointsman.profile.disagreeing") == 0);

    long gaps = (System.nanoTime() - begin) / Duration.ofMillis(50).toNanos();
    assertThat(topologies.get() - before).isLessThanOrEqualTo((int) gaps + 2);
  }

  @Test
  void changesThatDoNotMatterMakeNoTopology() throws Exception {
    api.create(pod("a", "10.0.0.1"));
    start();
    awaitCandidates("a");
    int before = topologies.get();
    for (int i = 0; i < 20; i++) {
      api.annotate("a", "example.com/checked", "" + i);
    }
    api.create(pod("b", "10.0.0.2"));
    awaitCandidates("a", "b");

    assertThat(topologies.get() - before).isEqualTo(1);
  }

  private void createPool(String name, String app, int port) {
    var pool = new GenericKubernetesResource();
    pool.setApiVersion("inference.networking.k8s.io/v1");
    pool.setKind("InferencePool");
    pool.setMetadata(
        new ObjectMetaBuilder().withNamespace(ApiServer.NAMESPACE).withName(name).build());
    pool.setAdditionalProperty(
        "spec",
        Map.of(
            "selector",
            Map.of("matchLabels", Map.of("app", app)),
            "targetPorts",
            List.of(Map.of("number", port), Map.of("number", port + 1))));
    api.pools().resource(pool).create();
  }

  private static PodBuilder unlabelled(String name, String ip) {
    return pod(name, ip).editMetadata().withLabels(Map.of("app", "vllm")).endMetadata();
  }

  @Test
  void anInferencePoolNamesPodsAndPorts() throws Exception {
    api.create(unlabelled("a", "10.0.0.1"));
    api.create(pod("b", "10.0.0.2"));
    createPool("llama", "vllm", 9000);
    pools = true;
    start();
    await().atMost(LONG).until(() -> candidates("llama").equals(List.of("a", "a")));

    assertThat(Objects.requireNonNull(registry.pools().find("llama")).all())
        .extracting(Endpoint::address)
        .containsExactly("10.0.0.1:9000", "10.0.0.1:9001");
    assertThat(candidates("m")).containsExactly("b");
    assertThat(topologies).as("nothing was told before all was known").hasValue(1);
  }

  @Test
  void poolsComeAndChangeAndGo() throws Exception {
    api.create(unlabelled("a", "10.0.0.1"));
    pools = true;
    start();
    await().atMost(LONG).until(() -> topologies.get() > 0);
    createPool("llama", "vllm", 9000);
    await().atMost(LONG).until(() -> candidates("llama").size() == 2);
    api.create(unlabelled("b", "10.0.0.2"));
    await().atMost(LONG).until(() -> candidates("llama").size() == 4);
    api.pools().withName("llama").delete();
    awaitPools(known -> known.find("llama") == null);
    createPool("llama", "other", 9000);
    api.create(pod("c", "10.0.0.3"));
    awaitPools(known -> known.find("m") != null);

    assertThat(candidates("llama")).isEmpty();
  }

  @Test
  void poolsThatAreListedAnewStayAndAreFollowed() throws Exception {
    api.create(unlabelled("a", "10.0.0.1"));
    createPool("llama", "vllm", 9000);
    pools = true;
    silence = Duration.ofMillis(500);
    start();
    await().atMost(LONG).until(() -> candidates("llama").size() == 2);
    await().during(Duration.ofSeconds(2)).atMost(LONG).until(() -> candidates("llama").size() == 2);
    createPool("qwen", "vllm", 9500);
    await().atMost(LONG).until(() -> candidates("qwen").size() == 2);
    api.pools().withName("llama").delete();

    awaitPools(known -> known.find("llama") == null);
  }

  @Test
  void aPodFoundByLabelAndByPoolIsThereOnce() throws Exception {
    api.create(
        labelled(labelled(pod("a", "10.0.0.1"), "app", "vllm"), "model.aibrix.ai/port", "9000"));
    createPool("m", "vllm", 9000);
    pools = true;
    start();

    await().atMost(LONG).until(() -> candidates("m").equals(List.of("a", "a")));
  }

  @Test
  void withoutTheSettingPoolsAreNotLookedAt() throws Exception {
    api.create(unlabelled("a", "10.0.0.1"));
    api.create(pod("b", "10.0.0.2"));
    createPool("llama", "vllm", 9000);
    start();
    awaitCandidates("b");

    assertThat(registry.pools().find("llama")).isNull();
  }

  @Test
  void itsMetersGoWithIt() throws Exception {
    api.create(annotated(pod("a", "10.0.0.1"), CONFIG, locked("one")));
    start();
    awaitLocked("one");
    discovery().close();
    discovery = null;

    assertThat(meters.getMeters()).isEmpty();
  }

  private static String locked(String strategy) {
    return "{\"lockedRoutingStrategy\":\"%s\",\"profiles\":{\"default\":{}}}".formatted(strategy);
  }

  private void awaitLocked(String strategy) {
    awaitPools(
        pools -> {
          Pool pool = pools.find("m");
          return pool != null && strategy.equals(pool.config().lockedRoutingStrategy());
        });
  }

  private List<Event> events() {
    return api.client().v1().events().inNamespace(ApiServer.NAMESPACE).list().getItems();
  }
}
