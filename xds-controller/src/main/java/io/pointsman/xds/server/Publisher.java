package io.pointsman.xds.server;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.pointsman.xds.snapshot.EnvoyConfig;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Decides what goes out: the configuration that follows from the settings, and for a while the
 * clusters that it no longer has, since requests under way still use them. Thread-safe.
 */
final class Publisher {
  /** Settings that change all the time must not pile up clusters, each with its health checks. */
  private static final int MAX_RETIRED = 8;

  private final ConfigCache cache;
  private final EnvoyStreams streams;
  private final XdsMetrics metrics;
  private final ScheduledExecutorService scheduler;
  private final Duration retirement;

  /** Guarded by this, like all below. */
  private EnvoyConfig current;

  /** Oldest first. */
  private final Deque<Retired> retired = new ArrayDeque<>();

  private String version;

  /**
   * @param retirement how long a cluster stays after the last route that named it
   */
  Publisher(
      EnvoyConfig initial,
      ConfigCache cache,
      EnvoyStreams streams,
      XdsMetrics metrics,
      ScheduledExecutorService scheduler,
      Duration retirement) {
    this.current = initial;
    this.cache = cache;
    this.streams = streams;
    this.metrics = metrics;
    this.scheduler = scheduler;
    this.retirement = retirement;
    this.version = versionOf(initial);
    metrics.settingsTaken(version);
  }

  /** Version of a configuration without what is retired. */
  private static String versionOf(EnvoyConfig config) {
    return new VersionedConfig(config, List.of()).version();
  }

  synchronized String version() {
    return version;
  }

  synchronized void publish(EnvoyConfig next, long readNanos) {
    for (Cluster cluster : current.clusters()) {
      if (!has(next, cluster)) {
        var leaving = new Retired(cluster);
        retired.add(leaving);
        var unused =
            scheduler.schedule(() -> forget(leaving), retirement.toMillis(), TimeUnit.MILLISECONDS);
      }
    }
    current = next;
    version = versionOf(next);
    metrics.settingsTaken(version);
    retired.removeIf(leaving -> has(next, leaving.cluster));
    while (retired.size() > MAX_RETIRED) {
      retired.remove();
    }
    push(readNanos);
  }

  private synchronized void forget(Retired leaving) {
    if (retired.remove(leaving)) {
      push(System.nanoTime());
    }
  }

  private void push(long readNanos) {
    List<Cluster> clusters = retired.stream().map(leaving -> leaving.cluster).toList();
    var config = new VersionedConfig(current, clusters);
    streams.publishing(config, readNanos);
    cache.publish(config);
  }

  private static boolean has(EnvoyConfig config, Cluster cluster) {
    return config.clusters().stream().anyMatch(other -> other.getName().equals(cluster.getName()));
  }

  /** Not a record: a cluster that came back and went again has another appointment. */
  private static final class Retired {
    private final Cluster cluster;

    Retired(Cluster cluster) {
      this.cluster = cluster;
    }
  }
}
