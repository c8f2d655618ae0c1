package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import org.jspecify.annotations.Nullable;

/** Short ways to write pods in tests. */
final class Pods {
  private Pods() {}

  /** A pod of model {@code m} that is ready, created at 10:00. */
  static PodBuilder pod(String name, @Nullable String ip) {
    return ready(
        new PodBuilder()
            .withNewMetadata()
            .withNamespace(ApiServer.NAMESPACE)
            .withName(name)
            .withUid("uid-" + name)
            .withCreationTimestamp("2026-11-21T10:00:00Z")
            .addToLabels("model.aibrix.ai/name", "m")
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("engine")
            .endContainer()
            .endSpec()
            .withNewStatus()
            .withPodIP(ip)
            .addNewContainerStatus()
            .withName("engine")
            .withContainerID("containerd://0123456789abcdef-" + name)
            .endContainerStatus()
            .endStatus(),
        true);
  }

  static PodBuilder ready(PodBuilder pod, boolean ready) {
    return pod.editStatus()
        .withConditions(
            new PodConditionBuilder().withType("PodScheduled").withStatus("True").build(),
            new PodConditionBuilder()
                .withType("Ready")
                .withStatus(ready ? "True" : "False")
                .build())
        .endStatus();
  }

  static PodBuilder labelled(PodBuilder pod, String label, String value) {
    return pod.editMetadata().addToLabels(label, value).endMetadata();
  }

  static PodBuilder annotated(PodBuilder pod, String annotation, String value) {
    return pod.editMetadata().addToAnnotations(annotation, value).endMetadata();
  }
}
