package io.pointsman.e2e;

import io.pointsman.common.BindAddress;
import io.pointsman.e2e.harness.EnvoyBinary;
import io.pointsman.e2e.harness.EnvoyProcess;
import io.pointsman.e2e.harness.Ports;
import io.pointsman.xds.app.Controller;
import io.pointsman.xds.app.EnvoyBootstrap;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;

/** A real Envoy that an xDS controller in this JVM configures, and a client for it. */
final class XdsEnvoy implements AutoCloseable {
  private static final BindAddress ANY = new BindAddress("127.0.0.1", 0);
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final Ports ports = new Ports();
  private final Path folder;
  private final int port = ports.next();
  private final Controller controller;
  private final EnvoyProcess envoy;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /**
   * Starts both and waits until Envoy has all and serves.
   *
   * @param delta whether Envoy uses the delta form of ADS
   * @param settings the settings file, but for the listener
   */
  XdsEnvoy(Path folder, boolean delta, String settings) throws Exception {
    this.folder = folder;
    write(settings);
    controller = Controller.start(file(), ANY, ANY);
    int adminPort = ports.next();
    var bootstrap =
        new EnvoyBootstrap(
            "test",
            "test",
            List.of(new BindAddress("127.0.0.1", controller.xdsPort())),
            new BindAddress("127.0.0.1", adminPort),
            0,
            delta);
    envoy =
        EnvoyProcess.start(
            EnvoyBinary.find(Path.of("target"), message -> {}),
            Files.writeString(folder.resolve("envoy.json"), bootstrap.toJson()),
            adminPort,
            folder.resolve("envoy.log"));
    try {
      envoy.awaitReady();
      awaitUpdates("http.pointsman.rds.pointsman.update_success", 1);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Replaces the settings file, but for the listener. */
  void write(String settings) throws IOException {
    writeWhole("listener: {address: 127.0.0.1, port: %d}\n%s\n".formatted(port, settings));
  }

  /** Replaces the whole settings file. */
  void writeWhole(String settings) throws IOException {
    Path next = Files.writeString(folder.resolve("settings.next"), settings);
    Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private Path file() {
    return folder.resolve("settings.yaml");
  }

  /** Waits until a counter of Envoy's has reached a value and nothing is warming. */
  void awaitUpdates(String counter, long count) {
    envoy.awaitUntil(
        counter + " reaches " + count + " and nothing is warming",
        LIMIT,
        () -> envoy.stat(counter) >= count && warming() == 0);
  }

  /** Waits until a part of Envoy's configuration reads so and nothing is warming. */
  void awaitConfig(String part) {
    envoy.awaitUntil(
        "is configured with " + part,
        LIMIT,
        () -> envoy.configDump().contains(part) && warming() == 0);
  }

  long warming() {
    return envoy.stat("cluster_manager.warming_clusters")
        + envoy.stat("listener_manager.total_listeners_warming");
  }

  EnvoyProcess envoy() {
    return envoy;
  }

  Controller controller() {
    return controller;
  }

  int port() {
    return port;
  }

  HttpClient http() {
    return http;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).timeout(LIMIT);
  }

  HttpResponse<String> post(String path, byte[] body) throws IOException, InterruptedException {
    return http.send(
        request(path).POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofString());
  }

  @Override
  public void close() {
    envoy.close();
    controller.close();
    ports.close();
  }
}
