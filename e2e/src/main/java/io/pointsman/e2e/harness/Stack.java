package io.pointsman.e2e.harness;

import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Everything a request passes, running: sample model servers in this JVM, and Redis, plugin
 * replicas, the xDS controller and Envoy as processes. Closing it stops them in reverse order; so
 * does the end of this JVM.
 */
public final class Stack implements AutoCloseable {
  private static final Duration READY_LIMIT = Duration.ofSeconds(30);

  private final Path folder;
  private final Consumer<String> progress;
  private final ArrayDeque<AutoCloseable> running = new ArrayDeque<>();
  private final Thread atExit = new Thread(this::stopAll, "stop-stack");
  private final Ports ports = new Ports();
  private final RunningModels models = new RunningModels(this::startServer);
  private final List<PluginProcess> plugins = new ArrayList<>();
  private final List<String> pluginFlags = new ArrayList<>();
  private final List<String> pluginJvmOptions;
  private final ModelsFile modelsFile;
  private final EnvoySettings settings;
  private final Path settingsFile;
  private final int envoyPort;
  private final RedisProcess redis;
  private final @Nullable MockApiServer apiServer;
  private final ControllerProcess controller;
  private final EnvoyProcess envoy;
  private final GatewayClient client;

  Stack(StackBuilder builder, StackFolder claimed) {
    folder = claimed.path();
    progress = builder.progress();
    modelsFile = new ModelsFile(folder.resolve("models.yaml"));
    settingsFile = folder.resolve("settings.yaml");
    envoyPort = builder.envoyPort() > 0 ? builder.envoyPort() : ports.next();
    settings = builder.settings();
    pluginJvmOptions = builder.pluginJvmOptions();
    client = new GatewayClient(envoyPort);
    running.push(claimed);
    running.push(ports);
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      Path binary = EnvoyBinary.find(builder.cache(), progress);
      redis = redis();
      startServers(builder);
      apiServer = builder.isKubernetes() ? startApiServer() : null;
      startPlugins(builder);
      controller = controller();
      int adminPort = ports.next();
      Path bootstrap = folder.resolve("envoy.json");
      ModelsFile.replace(
          bootstrap,
          ControllerProcess.bootstrap(
              controller.xdsPort(), adminPort, folder.resolve("bootstrap.log")));
      controller.awaitReady();
      plugins.forEach(PluginProcess::awaitReady);
      progress.accept("starting Envoy on port " + envoyPort);
      envoy = EnvoyProcess.start(binary, bootstrap, adminPort, folder.resolve("envoy.log"));
      running.push(envoy);
      envoy.awaitReady();
      awaitServing();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Describes a stack to start.
   *
   * @param name of its folder; a second one of the same name that runs beside it gets another
   */
  public static StackBuilder named(String name) {
    return new StackBuilder(name);
  }

  /** Sends requests through Envoy. */
  public GatewayClient client() {
    return client;
  }

  /**
   * A client with connections of its own. Connections that were open when Envoy's listener changed
   * go on under the old settings for a while; a new client's are all under the new ones.
   */
  public GatewayClient newClient() {
    return new GatewayClient(envoyPort);
  }

  /** Envoy's address for clients. */
  public String envoyAddress() {
    return "127.0.0.1:" + envoyPort;
  }

  public int envoyPort() {
    return envoyPort;
  }

  /** Where configuration and logs are. */
  public Path folder() {
    return folder;
  }

  /** The servers of one model, in the order of their start. */
  public List<SampleModelServer> servers(String model) {
    return models.servers(model);
  }

  /** The servers of one model in one role, in the order of their start. */
  public List<SampleModelServer> servers(String model, Role role) {
    return models.servers(model, role);
  }

  /** All servers by model. */
  public Map<String, List<SampleModelServer>> servers() {
    return models.all();
  }

  /**
   * The roleset of a server that the stack was started with, or null if it has none.
   *
   * @param addressOrPod its address or its pod's name
   * @throws NoSuchElementException if there is no such server
   */
  public @Nullable String roleset(String addressOrPod) {
    return models.roleset(addressOrPod);
  }

  /** The models as the models file had them at the start. */
  public List<ModelsFile.Model> models() {
    return models.models();
  }

  public ModelsFile modelsFile() {
    return modelsFile;
  }

  /** Changes the controller's settings file; the plugin's and Envoy's ports stay. */
  public void changeSettings(Consumer<EnvoySettings> change) {
    change.accept(settings);
    ModelsFile.replace(settingsFile, settings.toString());
  }

  public List<PluginProcess> plugins() {
    return List.copyOf(plugins);
  }

  /** The first plugin replica. */
  public PluginProcess plugin() {
    return plugins.get(0);
  }

  public ControllerProcess xdsController() {
    return controller;
  }

  public EnvoyProcess envoy() {
    return envoy;
  }

  public RedisProcess redisServer() {
    return redis;
  }

  /** Hands out a port that stays free for the stack's life, for a decoy or a further server. */
  public int freePort() {
    return ports.next();
  }

  /** Waits until no replica counts a request in flight. */
  public void awaitIdle() {
    Await.until(
        "no plugin counts a request in flight",
        READY_LIMIT,
        () -> plugins.stream().allMatch(plugin -> plugin.inFlight() == 0),
        () -> plugins.stream().map(p -> p.endpoints().toString()).toList().toString());
  }

  /**
   * Waits until a request gets from Envoy to the plugin and back, if only to be asked for a key.
   */
  public void awaitServing() {
    envoy.awaitUntil(
        "passes requests to the plugin",
        READY_LIMIT,
        () -> List.of(400, 401).contains(client.probe().status()));
    envoy.awaitUntil(
        "answers /v1/models",
        READY_LIMIT,
        () -> List.of(200, 401).contains(client.models().status()));
  }

  @Override
  public void close() {
    stopAll();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The JVM is going down, and the hook finds nothing left to stop.
    }
  }

  private RedisProcess redis() {
    int port = ports.next();
    progress.accept("starting Redis on port " + port);
    RedisProcess started = RedisProcess.start(port, folder);
    running.push(started);
    return started;
  }

  private void startServers(StackBuilder builder) {
    builder.models().forEach(models::add);
    modelsFile.write(models.models());
  }

  /** Starts a further server, which no models file names yet. */
  public SampleModelServer startServer(ServerSettings serverSettings, InetAddress host) {
    int sidePort = serverSettings.disaggregation().role() == Role.COMBINED ? 0 : ports.next();
    var server = new SampleModelServer(serverSettings, host, ports.next(), sidePort).start();
    synchronized (running) {
      running.push(server);
    }
    return server;
  }

  /** Every server becomes a pod. */
  private MockApiServer startApiServer() {
    int port = ports.next();
    progress.accept("starting a mock Kubernetes API server on port " + port);
    var started = MockApiServer.start(port);
    running.push(started);
    models.addPods(started);
    return started;
  }

  /**
   * What the plugin calls a server: its pod's name in Kubernetes, else its address.
   *
   * @param address of a server that the stack was started with
   */
  public String nameOf(String address) {
    String pod = apiServer == null ? null : models.podAt(address);
    return pod == null ? address : pod;
  }

  /** The mock API server of a stack that was built with {@link StackBuilder#kubernetes}. */
  public MockApiServer apiServer() {
    if (apiServer == null) {
      throw new IllegalStateException("this stack has no API server");
    }
    return apiServer;
  }

  private void startPlugins(StackBuilder builder) {
    pluginFlags.addAll(builder.pluginFlags());
    if (apiServer == null) {
      pluginFlags.add("--endpoints-config=" + modelsFile.path());
    } else {
      pluginFlags.add("--discovery=kubernetes");
      pluginFlags.add(
          "--kubeconfig=" + apiServer.writeKubeconfig(folder.resolve("kubeconfig.yaml")));
    }
    pluginFlags.add("--redis-url=redis://127.0.0.1:" + redis.port());
    for (int i = 1; i <= builder.plugins(); i++) {
      plugins.add(startPlugin("plugin-" + i, ports.next(), ports.next()));
    }
  }

  /**
   * Starts a further replica of the plugin, which Envoy and {@link #plugins} do not know, and
   * returns at once.
   *
   * @param name of its log file
   * @param grpcPort from {@link #freePort}, as is the other
   */
  public PluginProcess startPlugin(String name, int grpcPort, int httpPort) {
    progress.accept("starting " + name + " on port " + grpcPort);
    Path log = folder.resolve(name + ".log");
    var plugin = PluginProcess.start(name, grpcPort, httpPort, pluginFlags, pluginJvmOptions, log);
    synchronized (running) {
      running.push(plugin);
    }
    return plugin;
  }

  private ControllerProcess controller() {
    settings.set("listener.address", "127.0.0.1");
    settings.set("listener.port", envoyPort);
    settings.set(
        "gatewayPlugin.addresses",
        plugins.stream().map(plugin -> "127.0.0.1:" + plugin.grpcPort()).toList());
    settings.set(
        "gatewayPlugin.httpAddresses",
        plugins.stream().map(plugin -> "127.0.0.1:" + plugin.httpPort()).toList());
    ModelsFile.replace(settingsFile, settings.toString());
    int xdsPort = ports.next();
    progress.accept("starting the xDS controller on port " + xdsPort);
    var started =
        ControllerProcess.start(
            xdsPort, ports.next(), settingsFile, folder.resolve("xds-controller.log"));
    running.push(started);
    return started;
  }

  // Children of several plugins stop side by side: each may take its time to drain.
  private void stopAll() {
    plugins.forEach(plugin -> plugin.process().terminate());
    while (true) {
      AutoCloseable next;
      synchronized (running) {
        next = running.poll();
      }
      if (next == null) {
        return;
      }
      try {
        next.close();
      } catch (Exception e) {
        progress.accept("stopping a part failed: " + e);
      }
    }
  }
}
