package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Follows the InferencePools of one namespace, or of all. A cluster that does not know the resource
 * has none. Thread-safe.
 */
final class PoolWatch implements AutoCloseable {
  static final ResourceDefinitionContext RESOURCE =
      new ResourceDefinitionContext.Builder()
          .withGroup("inference.networking.k8s.io")
          .withVersion("v1")
          .withKind("InferencePool")
          .withPlural("inferencepools")
          .withNamespaced(true)
          .build();

  private static final int NOT_FOUND = 404;

  private final KubernetesClient client;
  private final @Nullable String namespace;
  private final PodKeys keys;
  private final Runnable onChange;
  private volatile SharedIndexInformer<GenericKubernetesResource> informer;

  /** Takes the other's place once it has listed. */
  private volatile @Nullable SharedIndexInformer<GenericKubernetesResource> coming;

  private volatile @Nullable String lastError;
  private volatile boolean listed;
  private volatile long heardNanos = System.nanoTime();

  /**
   * @param namespace null: all
   * @param onChange called whenever a pool came, went or changed, and when they were listed
   */
  PoolWatch(KubernetesClient client, @Nullable String namespace, PodKeys keys, Runnable onChange) {
    this.client = client;
    this.namespace = namespace;
    this.keys = keys;
    this.onChange = onChange;
    informer = informer();
  }

  private SharedIndexInformer<GenericKubernetesResource> informer() {
    MixedOperation<
            GenericKubernetesResource,
            GenericKubernetesResourceList,
            Resource<GenericKubernetesResource>>
        all = client.genericKubernetesResources(RESOURCE);
    FilterWatchListDeletable<
            GenericKubernetesResource,
            GenericKubernetesResourceList,
            Resource<GenericKubernetesResource>>
        pools = namespace == null ? all.inAnyNamespace() : all.inNamespace(namespace);
    SharedIndexInformer<GenericKubernetesResource> created = pools.runnableInformer(0);
    created
        .addEventHandler(new Changes(this::heard))
        .exceptionHandler(
            (isStarted, error) -> {
              lastError = PodWatch.reason(error);
              if (isNotFound(error) && !listed) {
                listed = true;
                onChange.run();
              }
              return true;
            });
    return created;
  }

  private void heard() {
    heardNanos = System.nanoTime();
    onChange.run();
  }

  void start() {
    var unused =
        informer
            .start()
            .whenComplete(
                (nothing, error) -> {
                  listed |= error == null;
                  onChange.run();
                });
  }

  /** As for pods, see {@link PodWatch#isDueForRestart}. */
  boolean isDueForRestart(Duration pause, Duration silence) {
    long silent = System.nanoTime() - heardNanos;
    boolean ended = !informer.isRunning() && silent > pause.toNanos();
    return ended || silent > silence.toNanos();
  }

  /**
   * Begins afresh with a new list; until it is there the pools are those that were known. To be
   * called from one thread at a time.
   */
  void restart() {
    heardNanos = System.nanoTime();
    SharedIndexInformer<GenericKubernetesResource> before = coming;
    if (before != null) {
      before.stop();
    }
    SharedIndexInformer<GenericKubernetesResource> fresh = informer();
    coming = fresh;
    var unused =
        fresh
            .start()
            .thenRun(
                () -> {
                  informer.stop();
                  informer = fresh;
                  coming = null;
                  onChange.run();
                });
  }

  private static boolean isNotFound(Throwable error) {
    Throwable cause = error;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause instanceof KubernetesClientException refused && refused.getCode() == NOT_FOUND;
  }

  /** True once it is known which pools there are. */
  boolean isListed() {
    return listed;
  }

  /** What went wrong last, or null if nothing ever did. */
  @Nullable String lastError() {
    return lastError;
  }

  /** Pools that select pods and name a port. */
  List<PoolSpec> pools() {
    List<PoolSpec> specs = new ArrayList<>();
    for (GenericKubernetesResource pool : informer.getStore().list()) {
      PoolSpec spec = PoolSpec.read(pool, keys);
      if (spec != null) {
        specs.add(spec);
      }
    }
    return specs;
  }

  private record Changes(Runnable onChange)
      implements ResourceEventHandler<GenericKubernetesResource> {
    @Override
    public void onAdd(GenericKubernetesResource pool) {
      onChange.run();
    }

    @Override
    public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource pool) {
      onChange.run();
    }

    @Override
    public void onDelete(GenericKubernetesResource pool, boolean unknown) {
      onChange.run();
    }
  }

  @Override
  public void close() {
    SharedIndexInformer<GenericKubernetesResource> fresh = coming;
    if (fresh != null) {
      fresh.stop();
    }
    informer.stop();
  }
}
