package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.pointsman.xds.settings.Gateway;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Follows model pods where their EndpointSlices are to be kept. Thread-safe. */
final class ModelPodWatches implements AutoCloseable {
  private final KubernetesClient client;
  private final Runnable told;
  private List<SharedIndexInformer<Pod>> informers = List.of();
  private Gateway.@Nullable ModelPods watched;

  ModelPodWatches(KubernetesClient client, Runnable told) {
    this.client = client;
    this.told = told;
  }

  /** Follows the pods of a Gateway's settings, and no longer those of others. */
  synchronized void follow(Gateway gateway) {
    Gateway.ModelPods pods = gateway.keepsEndpoints() ? gateway.modelPods() : null;
    boolean same =
        pods == null
            ? watched == null
            : watched != null
                && pods.namespaces().equals(watched.namespaces())
                && pods.selector().equals(watched.selector());
    if (same) {
      return;
    }
    close();
    watched = pods;
    var started = new ArrayList<SharedIndexInformer<Pod>>();
    if (pods != null) {
      for (String namespace : pods.namespaces()) {
        started.add(watch(namespace, pods.selector()));
      }
    }
    informers = started;
  }

  private SharedIndexInformer<Pod> watch(String namespace, String selector) {
    FilterWatchListDeletable<Pod, PodList, PodResource> pods =
        namespace.equals("*")
            ? client.pods().inAnyNamespace().withLabelSelector(selector)
            : client.pods().inNamespace(namespace).withLabelSelector(selector);
    SharedIndexInformer<Pod> informer = pods.runnableInformer(0);
    // It tries again, and what is known stays until then.
    informer.exceptionHandler((isStarted, error) -> true);
    informer.addEventHandler(
        new ResourceEventHandler<>() {
          @Override
          public void onAdd(Pod added) {
            told.run();
          }

          @Override
          public void onUpdate(Pod before, Pod after) {
            told.run();
          }

          @Override
          public void onDelete(Pod deleted, boolean unknown) {
            told.run();
          }
        });
    var unused = informer.start().thenRun(told);
    return informer;
  }

  /** The pods, or null as long as not all are known. */
  synchronized @Nullable List<Pod> pods() {
    var pods = new ArrayList<Pod>();
    for (SharedIndexInformer<Pod> informer : informers) {
      if (!informer.hasSynced()) {
        return null;
      }
      pods.addAll(informer.getStore().list());
    }
    return pods;
  }

  @Override
  public synchronized void close() {
    informers.forEach(SharedIndexInformer::stop);
    informers = List.of();
    watched = null;
  }
}
