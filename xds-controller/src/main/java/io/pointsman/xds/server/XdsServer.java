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
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The ADS server, delta and state of the world, for any number of Envoys, all of which get the same
 * configuration. Thread-safe.
 */
public final class XdsServer implements SettingsFollower, AutoCloseable {
  /** An Envoy that vanished is noticed after the two together. */
  private static final long KEEPALIVE_SECONDS = 30;

  private static final long KEEPALIVE_TIMEOUT_SECONDS = 10;

  /** The shortest ping interval that Envoys may use. */
  private static final long PERMITTED_KEEPALIVE_SECONDS = 5;

  private static final long SHUTDOWN_SECONDS = 2;

  /** As long as Envoy itself lets connections of a replaced listener live. */
  private static final Duration RETIREMENT = Duration.ofMinutes(10);

  private final Server server;
  private final HealthStatusManager health;
  private final Publisher publisher;
  private final XdsMetrics metrics;
  private final ScheduledExecutorService scheduler;

  private XdsServer(
      Server server,
      HealthStatusManager health,
      Publisher publisher,
      XdsMetrics metrics,
      ScheduledExecutorService scheduler) {
    this.server = server;
    this.health = health;
    this.publisher = publisher;
    this.metrics = metrics;
    this.scheduler = scheduler;
  }

  /**
   * Starts to serve.
   *
   * @throws IOException if the address cannot be bound
   */
  public static XdsServer start(BindAddress address, Settings settings, MeterRegistry registry)
      throws IOException {
    return start(address, settings, registry, RETIREMENT);
  }

  static XdsServer start(
      BindAddress address, Settings settings, MeterRegistry registry, Duration retirement)
      throws IOException {
    EnvoyConfig config = EnvoyConfig.from(settings);
    var versioned = new VersionedConfig(config, List.of());
    var metrics = new XdsMetrics(registry);
    var streams = new EnvoyStreams(metrics, versioned);
    var cache = new ConfigCache(versioned, streams::of);
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
    ScheduledExecutorService scheduler =
        Executors.newSingleThreadScheduledExecutor(XdsServer::daemon);
    var publisher = new Publisher(config, cache, streams, metrics, scheduler, retirement);
    return new XdsServer(server, health, publisher, metrics, scheduler);
  }

  private static Thread daemon(Runnable task) {
    var thread = new Thread(task, "retire-clusters");
    thread.setDaemon(true);
    return thread;
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** The version of the configuration in force; equal for equal settings in every process. */
  @Override
  public String version() {
    return publisher.version();
  }

  /**
   * Sends what follows from the settings to all Envoys that lack it.
   *
   * @param readNanos {@link System#nanoTime} at which the settings were read
   */
  @Override
  public void publish(Settings settings, long readNanos) {
    publisher.publish(EnvoyConfig.from(settings), readNanos);
  }

  /** Counts a settings file that could not be used. */
  @Override
  public void refused() {
    metrics.settingsRefused();
  }

  /** Ends all streams; Envoys keep what they have and connect to another replica. */
  @Override
  public void close() {
    if (server.isShutdown()) {
      return;
    }
    health.enterTerminalState();
    scheduler.shutdownNow();
    server.shutdownNow();
    try {
      var unused = server.awaitTermination(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
