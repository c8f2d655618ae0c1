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
    failures = answers() ? 0 : failures + 1;
  }

  private boolean answers() {
    try {
      var unused = client.getKubernetesVersion();
      return true;
    } catch (KubernetesClientException e) {
      // A refusal is an answer too.
      return e.getCode() > 0;
    } catch (RuntimeException e) {
      // Somebody answers, but no API server: a proxy, perhaps.
      return false;
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
