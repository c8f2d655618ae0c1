package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.Policy;
import io.pointsman.xds.policy.PolicyId;
import io.pointsman.xds.policy.PolicyKind;
import io.pointsman.xds.settings.Gateway;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The API server's side of policies. All methods wait for the answer, and throw {@link
 * KubernetesClientException}. Thread-safe.
 */
final class PolicyApi {
  private final KubernetesClient client;

  PolicyApi(KubernetesClient client) {
    this.client = client;
  }

  /** The kind as the client wants it described. */
  static ResourceDefinitionContext context(PolicyKind kind) {
    return new ResourceDefinitionContext.Builder()
        .withGroup(PolicyKind.GROUP)
        .withVersion(PolicyKind.VERSION)
        .withKind(kind.kind())
        .withPlural(kind.plural())
        .withNamespaced(true)
        .build();
  }

  /** The policy as it is, or null if there is none. */
  @Nullable Map<String, Object> get(PolicyId id) {
    GenericKubernetesResource live =
        client
            .genericKubernetesResources(context(id.kind()))
            .inNamespace(id.namespace())
            .withName(id.name())
            .get();
    return live == null ? null : tree(live);
  }

  /**
   * Applies what the policy says, and returns it as it then is.
   *
   * @param force whether fields that others have set are taken over
   */
  Map<String, Object> apply(Policy policy, @Nullable OwnerReference owner, boolean force) {
    PatchContext context =
        new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager(Policies.MANAGER)
            .withForce(force)
            .build();
    return tree(resource(manifest(policy, owner), policy.id()).patch(context));
  }

  private static GenericKubernetesResource manifest(Policy policy, @Nullable OwnerReference owner) {
    GenericKubernetesResource manifest =
        Serialization.unmarshal(
            Serialization.asJson(policy.manifest()), GenericKubernetesResource.class);
    if (owner != null) {
      manifest.getMetadata().setOwnerReferences(List.of(owner));
    }
    return manifest;
  }

  /** Deletes a policy; one that is not there is as good. */
  void delete(PolicyId id) {
    var unused =
        client
            .genericKubernetesResources(context(id.kind()))
            .inNamespace(id.namespace())
            .withName(id.name())
            .withPropagationPolicy(DeletionPropagation.BACKGROUND)
            .delete();
  }

  /**
   * The owner for policies: null if none is named, or if it is in another namespace.
   *
   * @throws KubernetesClientException if it is not there
   */
  @Nullable OwnerReference owner(Gateway gateway) {
    Gateway.Owner owner = gateway.owner();
    boolean elsewhere =
        !owner.namespace().isEmpty() && !owner.namespace().equals(gateway.namespace());
    if (owner.name().isEmpty() || elsewhere) {
      return null;
    }
    String[] version = owner.apiVersion().split("/", 2);
    var context =
        new ResourceDefinitionContext.Builder()
            .withGroup(version.length == 2 ? version[0] : "")
            .withVersion(version[version.length - 1])
            .withKind(owner.kind())
            .withNamespaced(true)
            .build();
    GenericKubernetesResource live =
        client
            .genericKubernetesResources(context)
            .inNamespace(gateway.namespace())
            .withName(owner.name())
            .get();
    if (live == null) {
      throw new KubernetesClientException(
          "gateway.owner: there is no %s %s/%s"
              .formatted(owner.kind(), gateway.namespace(), owner.name()));
    }
    return new OwnerReference(
        owner.apiVersion(), null, null, owner.kind(), owner.name(), live.getMetadata().getUid());
  }

  private Resource<GenericKubernetesResource> resource(
      GenericKubernetesResource manifest, PolicyId id) {
    return client
        .genericKubernetesResources(context(id.kind()))
        .inNamespace(id.namespace())
        .resource(manifest);
  }

  @SuppressWarnings("unchecked") // Whatever JSON an object is, it is a mapping of texts to values.
  private static Map<String, Object> tree(GenericKubernetesResource resource) {
    return Serialization.unmarshal(Serialization.asJson(resource), Map.class);
  }
}
