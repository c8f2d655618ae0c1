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

  private final PodKeys keys;
  private final SharedIndexInformer<GenericKubernetesResource> informer;
  private final Runnable onChange;
  private volatile boolean listed;

  /**
   * @param namespace null: all
   * @param onChange called whenever a pool came, went or changed, and when they were listed
   */
  PoolWatch(KubernetesClient client, @Nullable String namespace, PodKeys keys, Runnable onChange) {
    this.keys = keys;
    this.onChange = onChange;
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
    informer = pools.runnableInformer(0);
    informer
        .addEventHandler(new Changes(onChange))
        .exceptionHandler(
            (isStarted, error) -> {
              if (isNotFound(error) && !listed) {
                listed = true;
                onChange.run();
              }
              return true;
            });
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
    informer.stop();
  }
}
