package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.settings.Gateway;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Model pods to the EndpointSlices of one Service. A pod is an endpoint as soon as it has an
 * address and until it is gone, ready or not: which pod takes requests is the plugin's decision,
 * and Envoy has to know a pod before the first request that is sent there.
 */
final class ModelSlices {
  /** The label by which Kubernetes finds a Service's slices. */
  static final String SERVICE = "kubernetes.io/service-name";

  /** The label by which controllers keep off each other's slices. */
  static final String MANAGED_BY = "endpointslice.kubernetes.io/managed-by";

  /** The API server's limit. */
  private static final int MAX_ENDPOINTS = 1000;

  private static final Set<String> ENDED = Set.of("Succeeded", "Failed");

  private ModelSlices() {}

  /** The slices, by their names: one kind of address and one port each. */
  static Map<String, EndpointSlice> from(Gateway gateway, Collection<Pod> pods) {
    var groups = new TreeMap<String, List<Endpoint>>();
    pods.stream()
        .filter(ModelSlices::hasAddress)
        .sorted(Comparator.comparing(pod -> pod.getMetadata().getUid()))
        .forEach(pod -> add(pod, groups));
    var slices = new TreeMap<String, EndpointSlice>();
    groups.forEach(
        (group, endpoints) -> {
          for (int from = 0; from < endpoints.size(); from += MAX_ENDPOINTS) {
            int to = Math.min(from + MAX_ENDPOINTS, endpoints.size());
            EndpointSlice slice =
                slice(gateway, group, from / MAX_ENDPOINTS, endpoints.subList(from, to));
            slices.put(slice.getMetadata().getName(), slice);
          }
        });
    return slices;
  }

  private static boolean hasAddress(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getPodIP() != null
        && !pod.getStatus().getPodIP().isEmpty()
        && !ENDED.contains(String.valueOf(pod.getStatus().getPhase()));
  }

  private static void add(Pod pod, Map<String, List<Endpoint>> groups) {
    String ip = pod.getStatus().getPodIP();
    String family = ip.indexOf(':') < 0 ? "IPv4" : "IPv6";
    for (int port : ModelPorts.of(pod)) {
      groups.computeIfAbsent(family + " " + port, key -> new ArrayList<>()).add(endpoint(pod, ip));
    }
  }

  private static Endpoint endpoint(Pod pod, String ip) {
    return new EndpointBuilder()
        .withAddresses(ip)
        .withNewConditions()
        .withReady(true)
        .endConditions()
        .withTargetRef(
            new ObjectReferenceBuilder()
                .withKind("Pod")
                .withNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .withUid(pod.getMetadata().getUid())
                .build())
        .build();
  }

  private static EndpointSlice slice(
      Gateway gateway, String group, int index, List<Endpoint> endpoints) {
    String service = gateway.modelPods().service();
    String[] familyAndPort = group.split(" ", 2);
    String name =
        "%s-%s-%s-%d"
            .formatted(service, familyAndPort[0].toLowerCase(Locale.ROOT), familyAndPort[1], index);
    return new EndpointSliceBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(gateway.namespace())
        .withLabels(gateway.labels())
        .addToLabels(Policies.MANAGED_BY, Policies.MANAGER)
        .addToLabels(SERVICE, service)
        .addToLabels(MANAGED_BY, Policies.MANAGER)
        .endMetadata()
        .withAddressType(familyAndPort[0])
        .addNewPort()
        .withName(gateway.modelPods().portName())
        .withPort(Integer.valueOf(familyAndPort[1]))
        .withProtocol("TCP")
        .endPort()
        .withEndpoints(List.copyOf(endpoints))
        .build();
  }
}
