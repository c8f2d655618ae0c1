package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.PolicyId;
import io.pointsman.xds.settings.Gateway;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells when one of the policies has changed. Each is watched by its name, so that the right to
 * watch can be given by names. Not thread-safe.
 */
final class PolicyWatches implements AutoCloseable {
  private final KubernetesClient client;
  private final Runnable told;
  private final List<SharedIndexInformer<GenericKubernetesResource>> informers = new ArrayList<>();
  private List<PolicyId> watched = List.of();

  PolicyWatches(KubernetesClient client, Runnable told) {
    this.client = client;
    this.told = told;
  }

  /** Watches the policies of a Gateway, and no longer those of another. */
  void follow(Gateway gateway) {
    List<PolicyId> ids = Policies.ids(gateway);
    if (ids.equals(watched)) {
      return;
    }
    close();
    watched = ids;
    for (PolicyId id : ids) {
      informers.add(watch(id));
    }
  }

  private SharedIndexInformer<GenericKubernetesResource> watch(PolicyId id) {
    SharedIndexInformer<GenericKubernetesResource> informer =
        client
            .genericKubernetesResources(PolicyApi.context(id.kind()))
            .inNamespace(id.namespace())
            .withField("metadata.name", id.name())
            .runnableInformer(0);
    // What cannot be watched now can be later; until then, one looks every now and then.
    informer.exceptionHandler((isStarted, error) -> true);
    informer.addEventHandler(
        new ResourceEventHandler<>() {
          @Override
          public void onAdd(GenericKubernetesResource added) {
            told.run();
          }

          @Override
          public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource after) {
            told.run();
          }

          @Override
          public void onDelete(GenericKubernetesResource deleted, boolean unknown) {
            told.run();
          }
        });
    var unused = informer.start();
    return informer;
  }

  @Override
  public void close() {
    informers.forEach(SharedIndexInformer::stop);
    informers.clear();
    watched = List.of();
  }
}
