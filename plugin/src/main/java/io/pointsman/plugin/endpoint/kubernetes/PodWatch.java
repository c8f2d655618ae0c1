package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Follows the pods of one namespace, or of all. Lists them in pages, then watches; whatever goes
 * wrong, it tries again with growing pauses, and reconciles with a new list. Thread-safe.
 */
final class PodWatch implements AutoCloseable {
  private static final long PAGE = 500;

  private final KubernetesClient client;
  private final @Nullable String namespace;
  private final String selector;
  private final PodStore store;
  private volatile SharedIndexInformer<Pod> informer;
  private volatile @Nullable String lastError;
  private volatile boolean listed;
  private volatile long begunNanos = System.nanoTime();

  /**
   * @param namespace null: all
   */
  PodWatch(KubernetesClient client, @Nullable String namespace, String selector, PodStore store) {
    this.client = client;
    this.namespace = namespace;
    this.selector = selector;
    this.store = store;
    informer = informer();
  }

  private SharedIndexInformer<Pod> informer() {
    FilterWatchListDeletable<Pod, PodList, PodResource> pods =
        namespace == null
            ? client.pods().inAnyNamespace().withLabelSelector(selector)
            : client.pods().inNamespace(namespace).withLabelSelector(selector);
    SharedIndexInformer<Pod> created = pods.withLimit(PAGE).runnableInformer(0);
    created
        .itemStore(store)
        .removeNamespaceIndex()
        .exceptionHandler(
            (isStarted, error) -> {
              lastError = reason(error);
              return true;
            });
    return created;
  }

  /**
   * Begins.
   *
   * @param onListed called when the first list is complete
   */
  void start(Runnable onListed) {
    var unused =
        informer
            .start()
            .whenComplete(
                (nothing, error) -> {
                  if (error == null) {
                    listed = true;
                    onListed.run();
                  }
                });
  }

  /**
   * Begins afresh with a new list. What was known stays until the list says otherwise. To be called
   * from one thread at a time.
   */
  void restart() {
    begunNanos = System.nanoTime();
    informer.stop();
    informer = informer();
    var unused = informer.start();
  }

  /**
   * True if a restart is due: because the watch has ended for good, which the informer does where
   * it does not understand what it was told; or because nothing was heard for so long that its
   * connection may be lost without either end knowing.
   */
  boolean isDueForRestart(Duration pause, Duration silence) {
    long begun = System.nanoTime() - begunNanos;
    boolean ended = !informer.isRunning() && begun > pause.toNanos();
    return listed && (ended || Math.min(begun, store.silentNanos()) > silence.toNanos());
  }

  /** True once the first list is complete. */
  boolean isListed() {
    return listed;
  }

  /** True while the API server tells of changes as they happen. */
  boolean isWatching() {
    return informer.isWatching();
  }

  /** What went wrong last, or null if nothing ever did. */
  @Nullable String lastError() {
    return lastError;
  }

  void addTo(Collection<PodRecord> records) {
    store.addTo(records);
  }

  /** What went wrong, in the API server's words where it answered. */
  static String reason(Throwable error) {
    Throwable cause = error;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof KubernetesClientException refused
        && refused.getStatus() != null
        && refused.getStatus().getMessage() != null) {
      return refused.getStatus().getMessage();
    }
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }

  @Override
  public void close() {
    informer.stop();
  }
}
