package io.pointsman.e2e.harness;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The xDS controller in a JVM of its own. */
public final class ControllerProcess implements AutoCloseable {
  private static final String MAIN = "io.pointsman.xds.app.Main";
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  private final int xdsPort;
  private final String httpUri;
  private final JavaProcess process;
  private final HttpGet http = new HttpGet();

  private ControllerProcess(int xdsPort, int httpPort, JavaProcess process) {
    this.xdsPort = xdsPort;
    this.httpUri = "http://127.0.0.1:" + httpPort;
    this.process = process;
  }

  static ControllerProcess start(int xdsPort, int httpPort, Path settings, Path log) {
    var arguments =
        List.of(
            "serve",
            "--settings=" + settings,
            "--xds-bind-address=127.0.0.1:" + xdsPort,
            "--http-bind-address=127.0.0.1:" + httpPort);
    return new ControllerProcess(
        xdsPort, httpPort, JavaProcess.start("xds-controller", MAIN, arguments, List.of(), log));
  }

  /** Runs {@code xds-controller bootstrap} and returns what it prints. */
  static String bootstrap(int xdsPort, int adminPort, Path log) {
    var arguments =
        List.of(
            "bootstrap",
            "--xds-address=127.0.0.1:" + xdsPort,
            "--admin-address=127.0.0.1:" + adminPort);
    return JavaProcess.run("xds-controller bootstrap", MAIN, arguments, log);
  }

  /** Waits until it serves. */
  public ControllerProcess awaitReady() {
    process.awaitReady(
        "answers /readyz with 200",
        START_LIMIT,
        () -> http.get(httpUri + "/readyz").statusCode() == 200);
    return this;
  }

  public int xdsPort() {
    return xdsPort;
  }

  /**
   * What {@code /readyz} says: the version in force, and what is wrong with the file if anything.
   */
  public String readiness() {
    return http.body(httpUri + "/readyz");
  }

  /** Its metrics in Prometheus' format. */
  public String metrics() {
    return http.body(httpUri + "/metrics");
  }

  /** The running JVM, to signal it. */
  public JavaProcess process() {
    return process;
  }

  @Override
  public void close() {
    process.close();
  }
}
