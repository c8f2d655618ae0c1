package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.server.SettingsFollower;
import io.pointsman.xds.settings.Settings;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Keeps the policies in a cluster as the settings say, from start to close. Thread-safe. */
public final class GatewayPolicies implements SettingsFollower, AutoCloseable {
  private final PolicyMetrics metrics;
  private final Reconciler reconciler;
  private final PolicyWatches watches;
  private final ModelPodWatches pods;
  private final @Nullable Leadership leadership;

  /** Guarded by this. */
  private Settings settings;

  private GatewayPolicies(
      KubernetesClient client,
      Settings settings,
      @Nullable LeaseName lease,
      String identity,
      MeterRegistry registry) {
    this.settings = settings;
    metrics = new PolicyMetrics(registry);
    leadership = lease == null ? null : new Leadership(client, lease, identity, this::ledAnew);
    pods = new ModelPodWatches(client, this::heard);
    reconciler =
        new Reconciler(
            settings,
            new Keeper(new PolicyApi(client), metrics),
            new EndpointKeeper(client, pods::pods),
            new Reporter(new PolicyEvents(client), metrics),
            metrics,
            () -> leadership == null || leadership.isConfirmed());
    watches = new PolicyWatches(client, this::heard);
    metrics.watch(this::isLeading, reconciler::silence);
  }

  /**
   * Begins.
   *
   * @param client is closed by whoever made it
   * @param lease by which replicas agree who works; null: this one always does
   * @param identity of this replica among them
   */
  public static GatewayPolicies start(
      KubernetesClient client,
      Settings settings,
      @Nullable LeaseName lease,
      String identity,
      MeterRegistry registry) {
    var policies = new GatewayPolicies(client, settings, lease, identity, registry);
    policies.begin();
    return policies;
  }

  private synchronized void begin() {
    reconciler.start();
    watches.follow(settings.gateway());
    pods.follow(settings.gateway());
    if (leadership != null) {
      leadership.seek();
    }
  }

  private void ledAnew() {
    reconciler.wake();
  }

  private void heard() {
    reconciler.tell();
  }

  private boolean isLeading() {
    return leadership == null || leadership.isLeading();
  }

  @Override
  public synchronized void publish(Settings next, long readNanos) {
    settings = next;
    metrics.settingsTaken();
    reconciler.publish(next, readNanos);
    watches.follow(next.gateway());
    pods.follow(next.gateway());
  }

  @Override
  public void refused() {
    metrics.settingsRefused();
  }

  @Override
  public synchronized String version() {
    return Policies.version(Policies.from(settings));
  }

  /** For operators: who works, and which policies are not in force and why. */
  public String report() {
    var lines = new StringJoiner("\n", "", "\n");
    if (leadership != null) {
      lines.add("leader: " + (isLeading() ? "this replica" : leadership.leader()));
    }
    String problem = reconciler.problem();
    long silent = reconciler.silence().toSeconds();
    lines.add(
        "api server: "
            + (problem == null ? "in touch" : problem)
            + (silent > 0 ? ", for %d s".formatted(silent) : ""));
    for (PolicyState state : reconciler.states()) {
      Verdict verdict = state.verdict();
      lines.add(
          "%s: %s"
              .formatted(
                  state.id(),
                  verdict.inForce() ? "in force" : "not in force: " + verdict.reason()));
    }
    return lines.toString();
  }

  @Override
  public synchronized void close() {
    reconciler.close();
    watches.close();
    pods.close();
    if (leadership != null) {
      leadership.close();
    }
  }
}
