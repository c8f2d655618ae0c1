package io.pointsman.e2e;

import io.pointsman.common.BindAddress;
import io.pointsman.e2e.harness.EnvoyBinary;
import io.pointsman.e2e.harness.EnvoyProcess;
import io.pointsman.e2e.harness.Ports;
import io.pointsman.xds.app.Controller;
import io.pointsman.xds.app.EnvoyBootstrap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;

/** An xDS controller in this JVM and a real Envoy that it configures. */
final class XdsEnvoy implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final Ports ports = new Ports();
  private final Path directory;
  private final int port = ports.next();
  private final String plugin;
  private final String pluginHttp;
  private final Controller controller;
  private final EnvoyProcess envoy;

  /**
   * @param settings lines of the settings file beside the listener and the plugin's addresses
   */
  XdsEnvoy(Path directory, boolean delta, String plugin, String pluginHttp, String settings)
      throws Exception {
    this.directory = directory;
    this.plugin = plugin;
    this.pluginHttp = pluginHttp;
    write(settings);
    controller =
        Controller.start(file(), new BindAddress("127.0.0.1", 0), new BindAddress("127.0.0.1", 0));
    int adminPort = ports.next();
    var bootstrap =
        new EnvoyBootstrap(
            "test",
            "test",
            List.of(new BindAddress("127.0.0.1", controller.xdsPort())),
            new BindAddress("127.0.0.1", adminPort),
            0,
            delta);
    Path json = Files.writeString(directory.resolve("envoy.json"), bootstrap.toJson());
    envoy =
        EnvoyProcess.start(
            EnvoyBinary.find(Path.of("target"), message -> {}),
            json,
            adminPort,
            directory.resolve("envoy.log"));
    try {
      envoy.awaitReady();
      awaitInForce();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** What the settings file says beside the addresses; takes effect by and by. */
  void write(String settings) throws Exception {
    String text =
        """
        listener: {address: 127.0.0.1, port: %d}
        %s
        """
            .formatted(port, settings.replace("$PLUGIN", plugins()));
    Path next = Files.writeString(directory.resolve("settings.next"), text);
    Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private String plugins() {
    return "addresses: [\"%s\"], httpAddresses: [\"%s\"]".formatted(plugin, pluginHttp);
  }

  private Path file() {
    return directory.resolve("settings.yaml");
  }

  /** Waits until Envoy has accepted all and nothing in it is warming. */
  void awaitInForce() {
    envoy.awaitUntil(
        "has accepted listener, routes and clusters",
        LIMIT,
        () ->
            envoy.stat("listener_manager.lds.update_success") > 0
                && envoy.stat("http.pointsman.rds.pointsman.update_success") > 0
                && envoy.stat("cluster_manager.warming_clusters") == 0
                && envoy.stat("listener_manager.total_listeners_warming") == 0);
  }

  EnvoyProcess envoy() {
    return envoy;
  }

  Controller controller() {
    return controller;
  }

  /** Base address for clients. */
  String uri() {
    return "http://127.0.0.1:" + port;
  }

  int port() {
    return port;
  }

  @Override
  public void close() {
    envoy.close();
    controller.close();
    ports.close();
  }
}
