package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether this replica is the one that works, by a Lease that all replicas know. Thread-safe. */
final class Leadership implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Leadership.class);

  private static final Duration LEASE = Duration.ofSeconds(15);
  private static final Duration RENEW_DEADLINE = Duration.ofSeconds(10);
  private static final Duration RETRY = Duration.ofSeconds(2);
  private static final int CONFLICT = 409;

  private final KubernetesClient client;
  private final LeaseName lease;
  private final String identity;
  private final Runnable changed;
  private final ScheduledExecutorService thread;
  private volatile boolean leading;
  private volatile String leader = "nobody yet";
  private volatile boolean closed;
  private volatile @Nullable CompletableFuture<?> running;

  /**
   * @param identity of this replica, unlike that of every other
   * @param changed called when this replica has become the one that works, or is it no longer
   */
  Leadership(KubernetesClient client, LeaseName lease, String identity, Runnable changed) {
    this.client = client;
    this.lease = lease;
    this.identity = identity;
    this.changed = changed;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var created = new Thread(task, "leadership");
              created.setDaemon(true);
              return created;
            });
  }

  /** Begins to seek the Lease, and does so until closed. */
  void seek() {
    LeaderElector elector =
        client
            .leaderElector()
            .withConfig(
                new LeaderElectionConfigBuilder()
                    .withName(lease.toString())
                    .withLeaseDuration(LEASE)
                    .withRenewDeadline(RENEW_DEADLINE)
                    .withRetryPeriod(RETRY)
                    .withReleaseOnCancel(true)
                    .withLock(new LeaseLock(lease.namespace(), lease.name(), identity))
                    .withLeaderCallbacks(
                        new LeaderCallbacks(() -> lead(true), () -> lead(false), this::led))
                    .build())
            .build();
    CompletableFuture<?> election = elector.start();
    running = election;
    var unused =
        election.whenComplete(
            (nothing, error) -> {
              if (!closed) {
                var unusedToo =
                    thread.schedule(this::seek, RETRY.toMillis(), TimeUnit.MILLISECONDS);
              }
            });
  }

  private void lead(boolean now) {
    leading = now;
    log.info("{}: lease={} identity={}", now ? "leading" : "not leading", lease, identity);
    changed.run();
  }

  private void led(String by) {
    leader = by;
  }

  boolean isLeading() {
    return leading;
  }

  /** Who leads, for operators. */
  String leader() {
    return leader;
  }

  /**
   * Whether this replica leads and the Lease says so. Somebody who took the Lease is obeyed at
   * once, not only when it should have been renewed.
   */
  boolean isConfirmed() {
    if (!leading) {
      return false;
    }
    Lease now = client.leases().inNamespace(lease.namespace()).withName(lease.name()).get();
    return now != null && identity.equals(now.getSpec().getHolderIdentity());
  }

  /**
   * Takes the Lease, whoever has it, so that for some time nobody else works.
   *
   * @throws KubernetesClientException if that cannot be done
   */
  static void seize(KubernetesClient client, LeaseName name, String identity, Duration hold) {
    var leases = client.leases().inNamespace(name.namespace());
    while (true) {
      Lease held = leases.withName(name.name()).get();
      try {
        Lease taken = taken(held, name, identity, hold);
        var unused =
            held == null ? leases.resource(taken).create() : leases.resource(taken).update();
        return;
      } catch (KubernetesClientException e) {
        // Its holder has renewed it meanwhile: once more.
        if (e.getCode() != CONFLICT) {
          throw e;
        }
      }
    }
  }

  private static Lease taken(@Nullable Lease held, LeaseName name, String identity, Duration hold) {
    var now = ZonedDateTime.now(ZoneOffset.UTC);
    LeaseBuilder builder = held == null ? new LeaseBuilder() : new LeaseBuilder(held);
    return builder
        .editOrNewMetadata()
        .withNamespace(name.namespace())
        .withName(name.name())
        .endMetadata()
        .editOrNewSpec()
        .withHolderIdentity(identity)
        .withLeaseDurationSeconds((int) hold.toSeconds())
        .withAcquireTime(now)
        .withRenewTime(now)
        .endSpec()
        .build();
  }

  @Override
  public void close() {
    closed = true;
    CompletableFuture<?> election = running;
    if (election != null) {
      var unused = election.cancel(true);
    }
    thread.shutdownNow();
  }
}
