package io.pointsman.plugin.app;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pointsman.common.BindAddress;
import io.pointsman.common.ConfigException;
import io.pointsman.common.HttpEndpoint;
import io.pointsman.common.HttpEndpointServer;
import io.pointsman.plugin.admin.AdminPages;
import io.pointsman.plugin.admin.ApiKeyPage;
import io.pointsman.plugin.admin.ReadinessReport;
import io.pointsman.plugin.app.Readiness.Condition;
import io.pointsman.plugin.endpoint.Discovery;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.FileDiscovery;
import io.pointsman.plugin.endpoint.InFlightSharing;
import io.pointsman.plugin.endpoint.engine.AdapterFinder;
import io.pointsman.plugin.endpoint.engine.EngineScraper;
import io.pointsman.plugin.endpoint.kubernetes.KubernetesDiscovery;
import io.pointsman.plugin.identity.ApiKeyStore;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.identity.MasterKey;
import io.pointsman.plugin.identity.MasterKeyFile;
import io.pointsman.plugin.limit.Budgets;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The plugin, wired and running. Thread-safe. */
final class Plugin implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Plugin.class);

  private static final Duration LOOK_INTERVAL = Duration.ofMillis(250);

  private final PluginSettings settings;
  private final CloseStack parts;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final StrategyCatalog strategies;
  private final Readiness readiness = new Readiness();
  private final RequestPipeline pipeline;
  private final RedisMonitor redis;
  private final Discovery discovery;
  private final HttpEndpointServer http;
  private final @Nullable HttpEndpointServer debug;
  private final Server server;
  private final int grpcPort;

  private Plugin(PluginSettings settings, CloseStack parts) throws StartException, ConfigException {
    this.settings = settings;
    this.parts = parts;
    strategies = StrategyCatalog.standard(settings.prefixRules(), settings.pd());
    var meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    parts.add(meters::close);
    parts.add(new ProcessMetrics(meters));
    redis = parts.add(RedisMonitor.start(settings.redis(), meters));
    var authenticator =
        parts.add(
            Authenticator.start(
                settings.identity(),
                settings.replication().keyPrefix(),
                settings.redis() == null ? null : redis,
                meters));
    var audit = parts.add(AuditLogs.open(settings.auditLog(), meters));
    long replica = new SecureRandom().nextLong();
    var budgets =
        parts.add(
            Budgets.start(
                settings.limits(),
                settings.redis() == null ? null : redis,
                settings.replication().keyPrefix(),
                Long.toHexString(replica),
                meters));
    pipeline =
        parts.add(
            RequestPipeline.create(settings, strategies, authenticator, audit, budgets, meters));
    discovery = parts.add(discovery(meters));
    discovery.start(
        topology -> {
          pipeline.endpoints().apply(topology);
          readiness.meet(Condition.DISCOVERED);
        });

    askEngines(meters);
    shareState(replica, meters);

    var tls = parts.add(ServerTls.open(settings.grpc().tls()));
    var pages =
        new AdminPages(meters, pipeline.endpoints(), authenticator, audit, this::readinessReport);
    debug = startDebug(pages);
    http = startHttp(pages, administration(audit));
    server =
        GrpcServers.start(
            settings.grpc(), tls.credentials(), services(), pipeline.extProc().tracers());
    parts.add(server::shutdownNow);
    grpcPort = server.getPort();
    readiness.meet(Condition.LISTENING);
    log.info(
        "listening: grpc={} http={} debug={}",
        grpcPort,
        http.port(),
        debug == null ? "loopback clients of http" : debug.port());
  }

  /**
   * Starts a plugin. It is ready a little later, when it is warm.
   *
   * @throws ConfigException if a file that the settings name cannot be used
   * @throws StartException if something else is in the way, such as a port that is taken
   */
  static Plugin start(PluginSettings settings) throws StartException, ConfigException {
    var parts = new CloseStack();
    try {
      var plugin = new Plugin(settings, parts);
      plugin.warmUp();
      return plugin;
    } catch (StartException | ConfigException | RuntimeException e) {
      parts.close();
      throw e;
    }
  }

  private Discovery discovery(MeterRegistry meters) throws ConfigException {
    if (settings.discovery() instanceof DiscoverySettings.FromKubernetes kubernetes) {
      return new KubernetesDiscovery(kubernetes.settings(), strategies::isKnown, meters);
    }
    Path file = ((DiscoverySettings.FromFile) settings.discovery()).file();
    return new FileDiscovery(file, LOOK_INTERVAL, strategies::isKnown, meters);
  }

  private void askEngines(MeterRegistry meters) {
    EndpointRegistry endpoints = pipeline.endpoints();
    if (!settings.engineMetrics().interval().isZero()) {
      parts.add(new EngineScraper(settings.engineMetrics(), endpoints::pools, meters));
    }
    if (!settings.engineAdapters().interval().isZero()) {
      parts.add(
          new AdapterFinder(
              settings.engineAdapters(), endpoints::pools, meters, endpoints::loaded));
    }
  }

  /** Begins to tell other replicas what this one knows, and to learn from them. */
  private void shareState(long replica, MeterRegistry meters) {
    if (settings.redis() == null) {
      readiness.meet(Condition.RECOVERED);
      return;
    }
    var counts =
        new InFlightSharing(
            pipeline.endpoints()::pools,
            redis,
            settings.replication().keyPrefix(),
            Long.toHexString(replica));
    counts.start();
    parts.add(counts);
    var blocks =
        parts.add(pipeline.prefixes().share(settings.replication(), replica, redis, meters));
    var unused = blocks.recovery().thenRun(() -> readiness.meet(Condition.RECOVERED));
  }

  private List<BindableService> services() {
    var services = new ArrayList<BindableService>();
    services.add(pipeline.extProc());
    services.add(readiness.healthService());
    services.add(ProtoReflectionServiceV1.newInstance());
    if (settings.accessLog()) {
      services.add(pipeline.accessLog());
    }
    return services;
  }

  private @Nullable HttpEndpointServer startDebug(AdminPages pages) throws StartException {
    BindAddress address = settings.debugBindAddress();
    return address == null ? null : listen(Setting.DEBUG_BIND_ADDRESS, address, pages.debug());
  }

  /** Pages for whoever has the master key; none if there is no master key. */
  private Map<String, HttpEndpoint> administration(AuditLog audit) {
    KeyHash masterKey = settings.masterKey();
    if (masterKey == null) {
      return Map.of();
    }
    ApiKeyStore store =
        settings.redis() == null
            ? null
            : new ApiKeyStore(redis, settings.replication().keyPrefix());
    var master = new MasterKey(masterKey);
    Path file = settings.masterKeyFile();
    if (file != null) {
      parts.add(MasterKeyFile.watch(file, master, LOOK_INTERVAL));
    }
    return new ApiKeyPage(master, store, audit).pages();
  }

  private HttpEndpointServer startHttp(AdminPages pages, Map<String, HttpEndpoint> administration)
      throws StartException {
    var all = new HashMap<String, HttpEndpoint>(pages.open());
    all.putAll(administration);
    if (settings.debugBindAddress() == null) {
      pages.debug().forEach((path, page) -> all.put(path, page.onLoopbackOnly()));
    }
    return listen(Setting.HTTP_BIND_ADDRESS, settings.httpBindAddress(), all);
  }

  private HttpEndpointServer listen(
      Setting setting, BindAddress address, Map<String, HttpEndpoint> pages) throws StartException {
    try {
      return parts.add(HttpEndpointServer.start("http", address, pages));
    } catch (IOException e) {
      throw StartException.cannotListen(setting, address, e);
    }
  }

  private void warmUp() {
    if (settings.warmUpTime().isZero()) {
      readiness.meet(Condition.WARM);
      return;
    }
    var thread =
        new Thread(
            () -> {
              WarmUp.run(settings, strategies);
              readiness.meet(Condition.WARM);
            },
            "warm-up");
    thread.setDaemon(true);
    thread.start();
  }

  private ReadinessReport readinessReport() {
    var details = new LinkedHashMap<String, String>();
    details.put("discovery", discovery.status());
    details.put("redis", redis.status());
    return new ReadinessReport(readiness.reasons(), details);
  }

  /** The port of the ext_proc service. */
  int grpcPort() {
    return grpcPort;
  }

  int httpPort() {
    return http.port();
  }

  /** The port that /debug has for itself, if it has one. */
  OptionalInt debugPort() {
    return debug == null ? OptionalInt.empty() : OptionalInt.of(debug.port());
  }

  /** Takes this replica out of service; returns when that is done. {@link #close} comes after. */
  void drain() throws InterruptedException {
    new Drain(
            readiness, pipeline.extProc(), server, settings.drainGrace(), settings.drainDeadline())
        .run();
  }

  /** Waits until {@link #close} is done, however long that takes. */
  void awaitClosed() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops everything at once. */
  @Override
  public void close() {
    parts.close();
    closed.countDown();
  }
}
