package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Asks the API server for its version every now and then. A watch whose connection has silently
 * died looks like one that has nothing to tell; this tells them apart. Thread-safe.
 */
final class ApiServerPulse implements AutoCloseable {
  /** One answer may be lost. */
  private static final int FAILURES = 2;

  private final KubernetesClient client;
  private final ScheduledExecutorService thread;
  private volatile int failures;

  ApiServerPulse(KubernetesClient client, Duration interval) {
    this.client = client;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var created = new Thread(task, "kubernetes-pulse");
              created.setDaemon(true);
              return created;
            });
    long millis = interval.toMillis();
    var unused = thread.scheduleWithFixedDelay(this::ask, millis, millis, TimeUnit.MILLISECONDS);
  }

  private void ask() {
    try {
      var unused = client.getKubernetesVersion();
      failures = 0;
    } catch (KubernetesClientException e) {
      // A refusal is an answer too.
      failures = e.getCode() > 0 ? 0 : failures + 1;
    }
  }

  /** False if the API server does not answer. */
  boolean isAnswered() {
    return failures < FAILURES;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
