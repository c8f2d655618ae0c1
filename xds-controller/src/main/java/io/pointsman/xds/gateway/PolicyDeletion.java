package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.xds.settings.Settings;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes what the controller keeps, before the controller itself is removed. */
public final class PolicyDeletion {
  private static final Logger log = LoggerFactory.getLogger(PolicyDeletion.class);

  private static final String IDENTITY = "delete-policies";

  /** Enough for the controller to be removed; a new one waits this long. */
  private static final Duration HOLD = Duration.ofSeconds(60);

  /**
   * A replica may have been about to apply something when the Lease was taken. It is given this
   * time to end, and what it then has made is looked for.
   */
  private static final Duration A_STEP = Duration.ofSeconds(1);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private PolicyDeletion() {}

  /**
   * Deletes the policies in the order in which that is safe, and returns when all are gone.
   *
   * @param lease is taken, so that no replica makes them anew; null: none runs
   * @throws TimeoutException if some are still there, or the API server does not let us; says what
   */
  public static void run(
      KubernetesClient client, Settings settings, @Nullable LeaseName lease, Duration timeout)
      throws TimeoutException, InterruptedException {
    long end = System.nanoTime() + timeout.toNanos();
    var keeper = new Keeper(new PolicyApi(client), new PolicyMetrics(new SimpleMeterRegistry()));
    var backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
    boolean seized = lease == null;
    boolean gone = false;
    while (true) {
      String left;
      try {
        if (!seized && lease != null) {
          Leadership.seize(client, lease, IDENTITY, HOLD);
          seized = true;
          TimeUnit.MILLISECONDS.sleep(A_STEP.toMillis());
        }
        Keeper.Step step = keeper.step(settings.withoutPolicies());
        if (step.settled() && (gone || lease == null)) {
          if (settings.gateway().keepsEndpoints()) {
            new EndpointKeeper(client, List::of).delete(settings.gateway());
          }
          log.info("all policies are gone");
          return;
        }
        gone = step.settled();
        left = names(step.states());
      } catch (KubernetesClientException e) {
        left = Failures.reason(e);
      }
      if (System.nanoTime() - end >= 0) {
        throw new TimeoutException(
            "policies could not be deleted within %d s: %s".formatted(timeout.toSeconds(), left));
      }
      TimeUnit.MILLISECONDS.sleep((gone ? A_STEP : backoff.next()).toMillis());
    }
  }

  private static String names(List<PolicyState> states) {
    return String.join(", ", states.stream().map(state -> state.id().toString()).toList());
  }
}
