package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes Kubernetes events, on a thread of its own. The name of an event comes from what it says,
 * so that several replicas that say the same write one event. Thread-safe.
 */
final class ApiPodEvents implements PodEvents {
  private static final Logger log = LoggerFactory.getLogger(ApiPodEvents.class);

  private static final String COMPONENT = "pointsman";
  private static final int MAX_WAITING = 64;
  private static final int CONFLICT = 409;

  /** The API server's limit. */
  private static final int MAX_MESSAGE = 1_024;

  private final KubernetesClient client;
  private final ThreadPoolExecutor thread;

  ApiPodEvents(KubernetesClient client) {
    this.client = client;
    thread =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_WAITING),
            task -> {
              var created = new Thread(task, "kubernetes-events");
              created.setDaemon(true);
              return created;
            },
            new ThreadPoolExecutor.DiscardPolicy());
  }

  @Override
  public void warn(PodRecord pod, String reason, String message) {
    thread.execute(() -> write(pod, reason, message));
  }

  private void write(PodRecord pod, String reason, String message) {
    Event event = event(pod, reason, message);
    try {
      create(event);
    } catch (KubernetesClientException e) {
      log.warn(
          "event could not be written: pod={} reason={} error={}",
          pod.fullName(),
          reason,
          e.getMessage());
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
      // The count is not read before: that takes a right nobody else here needs.
      resource.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"lastTimestamp\":\"" + now + "\"}");
    }
  }

  private static Event event(PodRecord pod, String reason, String message) {
    String said = pod.uid() + '\n' + reason + '\n' + message;
    UUID id = UUID.nameUUIDFromBytes(said.getBytes(StandardCharsets.UTF_8));
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    return new EventBuilder()
        .withNewMetadata()
        .withNamespace(pod.namespace())
        .withName(COMPONENT + "." + id)
        .endMetadata()
        .withType("Warning")
        .withReason(reason)
        .withMessage(message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message)
        .withNewInvolvedObject()
        .withApiVersion("v1")
        .withKind("Pod")
        .withNamespace(pod.namespace())
        .withName(pod.name())
        .withUid(pod.uid())
        .endInvolvedObject()
        .withNewSource()
        .withComponent(COMPONENT)
        .endSource()
        .withFirstTimestamp(now)
        .withLastTimestamp(now)
        .withCount(1)
        .build();
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
