package io.pointsman.xds.server;

import io.envoyproxy.controlplane.server.V3DiscoveryServer;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.common.BindAddress;
import io.pointsman.xds.settings.Settings;
import io.pointsman.xds.snapshot.EnvoyConfig;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * The ADS server, delta and state of the world, for any number of Envoys, all of which get the same
 * configuration. Thread-safe.
 */
public final class XdsServer implements AutoCloseable {
  /** An Envoy that vanished is noticed after the two together. */
  private static final long KEEPALIVE_SECONDS = 30;

  private static final long KEEPALIVE_TIMEOUT_SECONDS = 10;

  /** The shortest ping interval that Envoys may use. */
  private static final long PERMITTED_KEEPALIVE_SECONDS = 5;

  private static final long SHUTDOWN_SECONDS = 2;

  private final Server server;
  private final HealthStatusManager health;
  private final ConfigCache cache;
  private final EnvoyStreams streams;
  private final XdsMetrics metrics;
  private volatile String version;

  private XdsServer(
      Server server,
      HealthStatusManager health,
      ConfigCache cache,
      EnvoyStreams streams,
      XdsMetrics metrics,
      String version) {
    this.server = server;
    this.health = health;
    this.cache = cache;
    this.streams = streams;
    this.metrics = metrics;
    this.version = version;
  }

  /**
   * Starts to serve.
   *
   * @throws IOException if the address cannot be bound
   */
  public static XdsServer start(BindAddress address, Settings settings, MeterRegistry registry)
      throws IOException {
    var config = new VersionedConfig(EnvoyConfig.from(settings));
    var metrics = new XdsMetrics(registry);
    var streams = new EnvoyStreams(metrics, config);
    var cache = new ConfigCache(config, streams::takeRefusedVersion);
    var health = new HealthStatusManager();
    Server server =
        NettyServerBuilder.forAddress(address.toSocketAddress(), InsecureServerCredentials.create())
            .addService(new V3DiscoveryServer(streams, cache).getAggregatedDiscoveryServiceImpl())
            .addService(health.getHealthService())
            .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveTime(PERMITTED_KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .build()
            .start();
    metrics.settingsTaken(config.version());
    return new XdsServer(server, health, cache, streams, metrics, config.version());
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** The version of the configuration in force; equal for equal settings in every process. */
  public String version() {
    return version;
  }

  /**
   * Sends what follows from the settings to all Envoys that lack it.
   *
   * @param readNanos {@link System#nanoTime} at which the settings were read
   */
  public synchronized void publish(Settings settings, long readNanos) {
    var config = new VersionedConfig(EnvoyConfig.from(settings));
    metrics.settingsTaken(config.version());
    streams.publishing(config, readNanos);
    version = config.version();
    cache.publish(config);
  }

  /** Counts a settings file that could not be used. */
  void refused() {
    metrics.settingsRefused();
  }

  /** Ends all streams; Envoys keep what they have and connect to another replica. */
  @Override
  public void close() {
    health.enterTerminalState();
    server.shutdownNow();
    try {
      var unused = server.awaitTermination(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
