package io.pointsman.xds.app;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pointsman.common.BindAddress;
import io.pointsman.common.ConfigException;
import io.pointsman.common.HttpEndpointServer;
import io.pointsman.common.ListenFailure;
import io.pointsman.xds.server.SettingsFile;
import io.pointsman.xds.server.XdsServer;
import java.io.IOException;
import java.nio.file.Path;

/** The running controller. Thread-safe. */
public final class Controller implements AutoCloseable {
  private final SettingsFile file;
  private final XdsServer xds;
  private final HttpEndpointServer http;
  private final JvmGcMetrics gcMetrics;

  private Controller(
      SettingsFile file, XdsServer xds, HttpEndpointServer http, JvmGcMetrics gcMetrics) {
    this.file = file;
    this.xds = xds;
    this.http = http;
    this.gcMetrics = gcMetrics;
  }

  /**
   * Reads the settings, then serves and follows them.
   *
   * @throws ConfigException if the settings cannot be used
   * @throws IOException if an address cannot be bound; says which, by whose flag, and why
   */
  public static Controller start(Path settings, BindAddress xdsAddress, BindAddress httpAddress)
      throws ConfigException, IOException {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    SettingsFile file = SettingsFile.read(settings);
    XdsServer xds = startXds(xdsAddress, file, registry);
    try {
      HttpEndpointServer http =
          OperatorPages.serve(httpAddress, registry, () -> readiness(file, xds));
      file.follow(xds);
      return new Controller(file, xds, http, ProcessMeters.bind(registry));
    } catch (IOException e) {
      xds.close();
      throw e;
    }
  }

  private static XdsServer startXds(
      BindAddress address, SettingsFile file, PrometheusMeterRegistry registry) throws IOException {
    try {
      return XdsServer.start(address, file.settings(), registry);
    } catch (IOException e) {
      throw new IOException(ListenFailure.describe(address, "--xds-bind-address", e), e);
    }
  }

  /** Ready means: it serves a good configuration, if not always the one in the file. */
  private static String readiness(SettingsFile file, XdsServer xds) {
    String problem = file.problem();
    return "ready\nconfig: %s\nsettings: %s\n"
        .formatted(xds.version(), problem == null ? "in force" : "refused: " + problem);
  }

  /** The port for Envoys. */
  public int xdsPort() {
    return xds.port();
  }

  /** The port for operators. */
  public int httpPort() {
    return http.port();
  }

  /** The version of the configuration in force. */
  public String configVersion() {
    return xds.version();
  }

  @Override
  public void close() {
    file.close();
    xds.close();
    http.close();
    gcMetrics.close();
  }
}
