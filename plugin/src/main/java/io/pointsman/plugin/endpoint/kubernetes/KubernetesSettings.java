package io.pointsman.plugin.endpoint.kubernetes;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which pods to look for, and where.
 *
 * @param kubeconfig how to reach the API server; null: as the pod's service account, or by the
 *     usual kubeconfig outside a cluster
 * @param namespaces where to look; empty: the own namespace
 * @param allNamespaces look everywhere; {@code namespaces} is then empty
 * @param selector label selector of Kubernetes; null: whatever has the model label
 * @param inferencePools InferencePools name pods too
 * @param keys labels and annotations that are read
 * @param keepsLabels true if all labels of pods are kept, for selectors of clients; takes memory
 */
public record KubernetesSettings(
    @Nullable Path kubeconfig,
    List<String> namespaces,
    boolean allNamespaces,
    @Nullable String selector,
    boolean inferencePools,
    PodKeys keys,
    boolean keepsLabels) {
  public KubernetesSettings {
    namespaces = List.copyOf(namespaces);
  }

  /** Without the pods' labels. */
  public KubernetesSettings(
      @Nullable Path kubeconfig,
      List<String> namespaces,
      boolean allNamespaces,
      @Nullable String selector,
      boolean inferencePools,
      PodKeys keys) {
    this(kubeconfig, namespaces, allNamespaces, selector, inferencePools, keys, false);
  }

  String effectiveSelector() {
    return selector == null ? keys.model() : selector;
  }
}
