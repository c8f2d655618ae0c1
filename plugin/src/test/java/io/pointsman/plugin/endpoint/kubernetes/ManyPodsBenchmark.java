package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfigReader;
import io.pointsman.plugin.endpoint.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Heap that pods hold: records, endpoints and their meters, after a full collection. Run {@code
 * main}; it prints bytes for each pod and the time that one topology takes.
 */
final class ManyPodsBenchmark implements AutoCloseable {
  private static final int MODELS = 20;

  /** Some 3 KB, as a chart's profiles may be. */
  private static final String CONFIG =
      "{\"profiles\":{\"default\":{\"routingStrategy\":\"one\"}}" + " ".repeat(3_000) + "}";

  private final KubernetesSerialization json = new KubernetesSerialization();
  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
  private final PodStore store =
      new PodStore(new PodReader(PodKeys.STANDARD, new SharedTexts(), false), () -> {});
  private final TopologyBuilder builder;

  ManyPodsBenchmark() {
    PodEvents events =
        new PodEvents() {
          @Override
          public void warn(PodRecord pod, String reason, String message) {
            throw new AssertionError(message);
          }

          @Override
          public void close() {}
        };
    builder =
        new TopologyBuilder(
            new ProfileChooser(new ModelConfigReader("one"::equals), "config"),
            new ProfileReport(events, meters));
  }

  /** Bytes of heap that this many pods hold. */
  long retainedBytes(int pods) {
    take(0, 1);
    long before = used();
    take(1, pods);
    long after = used();
    if (registry.pools().all().size() != MODELS) {
      throw new AssertionError("not all models are there");
    }
    return after - before;
  }

  private void take(int from, int to) {
    for (int i = from; i < to; i++) {
      store.put("models/" + name(i), parsed(i));
    }
    publish();
  }

  private void publish() {
    List<PodRecord> pods = new ArrayList<>();
    store.addTo(pods);
    Topology topology = builder.build(pods);
    registry.apply(topology);
  }

  private static String name(int i) {
    return "llama-3-8b-instruct-deployment-7c9f8b6d5-" + i;
  }

  /** Text of its own for each pod, as it is when it comes over the wire. */
  private Pod parsed(int i) {
    return json.unmarshal(json.asJson(pod(i)), Pod.class);
  }

  private static Pod pod(int i) {
    String ip = "10." + i / 62_500 + "." + i / 250 % 250 + "." + (i % 250 + 1);
    return Pods.pod(name(i), ip)
        .editMetadata()
        .withUid("3f1c9a5e-8f0b-4c55-9d0e-%012d".formatted(i))
        .withResourceVersion("" + (100_000_000 + i))
        .withLabels(
            Map.of(
                "model.aibrix.ai/name",
                "model-" + i % MODELS,
                "model.aibrix.ai/port",
                "8000",
                "app.kubernetes.io/name",
                "vllm",
                "pod-template-hash",
                "7c9f8b6d5"))
        .withAnnotations(
            Map.of(
                "model.aibrix.ai/config",
                CONFIG,
                "model.aibrix.ai/adapters",
                "sql,poetry",
                "kubectl.kubernetes.io/last-applied-configuration",
                "x".repeat(4_000)))
        .endMetadata()
        .build();
  }

  private static long used() {
    for (int i = 0; i < 4; i++) {
      System.gc();
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  @Override
  public void close() {
    registry.close();
  }

  /** Prints what 10,000 pods hold, and how long a change of one of them takes to be taken over. */
  public static void main(String[] args) {
    int pods = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
    try (var benchmark = new ManyPodsBenchmark()) {
      long bytes = benchmark.retainedBytes(pods);
      System.out.printf(
          Locale.ROOT,
          "pods=%d heap_held_mb=%.1f bytes_per_pod=%d%n",
          pods,
          bytes / 1e6,
          bytes / pods);
      for (int round = 0; round < 20; round++) {
        benchmark.store.put(
            "models/" + name(0),
            Pods.ready(new PodBuilder(benchmark.parsed(0)), round % 2 == 1).build());
        long begin = System.nanoTime();
        benchmark.publish();
        long micros = (System.nanoTime() - begin) / 1_000;
        if (round >= 15) {
          System.out.printf(Locale.ROOT, "topology_ms=%.1f%n", micros / 1e3);
        }
      }
    }
  }
}
