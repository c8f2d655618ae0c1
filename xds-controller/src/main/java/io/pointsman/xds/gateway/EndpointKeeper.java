package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.settings.Gateway;
import io.pointsman.xds.settings.Settings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the EndpointSlices of the Service whose backends are the model pods, where the settings say
 * so. It asks what is there each time. For one thread.
 */
final class EndpointKeeper {
  private static final Logger log = LoggerFactory.getLogger(EndpointKeeper.class);

  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(Policies.MANAGER)
          // Slices that carry our label are all ours.
          .withForce(true)
          .build();

  private final KubernetesClient client;
  private final Supplier<@Nullable List<Pod>> pods;

  /** The Gateway whose slices were kept last, if any were. */
  private @Nullable Gateway kept;

  /**
   * @param pods the model pods, or null as long as they are not known
   */
  EndpointKeeper(KubernetesClient client, Supplier<@Nullable List<Pod>> pods) {
    this.client = client;
    this.pods = pods;
  }

  /**
   * Applies what should be there and deletes the rest.
   *
   * @throws KubernetesClientException if the API server does not answer or does not agree
   */
  void step(Settings settings) {
    Gateway gateway = settings.gateway();
    Gateway before = kept;
    if (before != null && !isSameService(before, gateway)) {
      delete(before);
      kept = null;
    }
    if (gateway.keepsEndpoints()) {
      List<Pod> known = pods.get();
      // Without all of them, those that are not known yet would be taken for gone.
      if (known != null) {
        keep(gateway, ModelSlices.from(gateway, known));
        kept = gateway;
      }
    }
  }

  private static boolean isSameService(Gateway before, Gateway now) {
    return now.keepsEndpoints()
        && before.namespace().equals(now.namespace())
        && before.modelPods().service().equals(now.modelPods().service());
  }

  /** Deletes all slices of a Gateway's Service, whoever has made them before. */
  void delete(Gateway gateway) {
    keep(gateway, Map.of());
  }

  private void keep(Gateway gateway, Map<String, EndpointSlice> desired) {
    var leaving = new HashMap<String, EndpointSlice>();
    for (EndpointSlice slice : list(gateway)) {
      leaving.put(slice.getMetadata().getName(), slice);
    }
    desired.forEach(
        (name, slice) -> {
          EndpointSlice live = leaving.remove(name);
          if (live == null || !isIntact(live, slice)) {
            var unused =
                client
                    .discovery()
                    .v1()
                    .endpointSlices()
                    .inNamespace(gateway.namespace())
                    .resource(slice)
                    .patch(APPLY);
            log.info(
                "endpoints applied: slice={}/{} endpoints={}",
                gateway.namespace(),
                name,
                slice.getEndpoints().size());
          }
        });
    for (String name : leaving.keySet()) {
      var unused =
          client
              .discovery()
              .v1()
              .endpointSlices()
              .inNamespace(gateway.namespace())
              .withName(name)
              .delete();
      log.info("endpoints deleted: slice={}/{}", gateway.namespace(), name);
    }
  }

  private List<EndpointSlice> list(Gateway gateway) {
    return client
        .discovery()
        .v1()
        .endpointSlices()
        .inNamespace(gateway.namespace())
        .withLabels(
            Map.of(
                ModelSlices.SERVICE,
                gateway.modelPods().service(),
                ModelSlices.MANAGED_BY,
                Policies.MANAGER))
        .list()
        .getItems();
  }

  /** Endpoints are compared whole: one that is there without a pod must not stay. */
  private static boolean isIntact(EndpointSlice live, EndpointSlice desired) {
    return live.getEndpoints().equals(desired.getEndpoints())
        && live.getPorts().equals(desired.getPorts())
        && Manifest.covers(
            Serialization.unmarshal(Serialization.asJson(live.getMetadata()), Map.class),
            Serialization.unmarshal(Serialization.asJson(desired.getMetadata()), Map.class));
  }
}
