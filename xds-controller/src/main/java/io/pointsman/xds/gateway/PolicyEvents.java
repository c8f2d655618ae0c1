package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.PolicyId;
import io.pointsman.xds.policy.PolicyKind;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes Kubernetes events about policies. The name of an event comes from what it says, so that
 * the same is said once. Waits for the API server; a failure is logged and forgotten. Thread-safe.
 */
final class PolicyEvents {
  private static final Logger log = LoggerFactory.getLogger(PolicyEvents.class);

  private static final int CONFLICT = 409;

  private final KubernetesClient client;

  PolicyEvents(KubernetesClient client) {
    this.client = client;
  }

  void normal(PolicyState policy, String reason, String message) {
    write(policy, "Normal", reason, message);
  }

  void warning(PolicyState policy, String reason, String message) {
    write(policy, "Warning", reason, message);
  }

  private void write(PolicyState state, String type, String reason, String message) {
    try {
      create(event(state, type, reason, message));
    } catch (KubernetesClientException e) {
      log.warn(
          "event could not be written: policy=\"{}\" reason={} error=\"{}\"",
          state.id(),
          reason,
          Failures.reason(e));
    }
  }

  private void create(Event event) {
    Resource<Event> resource =
        client.v1().events().inNamespace(event.getMetadata().getNamespace()).resource(event);
    try {
      resource.create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != CONFLICT) {
        throw e;
      }
      String now = event.getLastTimestamp();
      resource.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"lastTimestamp\":\"" + now + "\"}");
    }
  }

  private static Event event(PolicyState state, String type, String reason, String message) {
    PolicyId policy = state.id();
    String said = policy + "\n" + state.uid() + "\n" + reason + "\n" + message;
    UUID id = UUID.nameUUIDFromBytes(said.getBytes(StandardCharsets.UTF_8));
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    return new EventBuilder()
        .withNewMetadata()
        .withNamespace(policy.namespace())
        .withName(Policies.MANAGER + "." + id)
        .endMetadata()
        .withType(type)
        .withReason(reason)
        .withMessage(message)
        .withNewInvolvedObject()
        .withApiVersion(PolicyKind.GROUP + "/" + PolicyKind.VERSION)
        .withKind(policy.kind().kind())
        .withNamespace(policy.namespace())
        .withName(policy.name())
        // kubectl describe shows only events with the object's own.
        .withUid(state.uid())
        .endInvolvedObject()
        .withNewSource()
        .withComponent(Policies.MANAGER)
        .endSource()
        .withFirstTimestamp(now)
        .withLastTimestamp(now)
        .withCount(1)
        .build();
  }
}
