package io.pointsman.xds.app;

import io.pointsman.common.BindAddress;
import io.pointsman.common.BuildInfo;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.server.SettingsFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;

/** The command line. */
@Command(
    name = "xds-controller",
    description = "Turns one settings file into Envoy's behaviour.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = XdsControllerCommand.Version.class)
final class XdsControllerCommand {
  private static final Logger log = LoggerFactory.getLogger(XdsControllerCommand.class);

  private final PrintStream out;

  XdsControllerCommand(PrintStream out) {
    this.out = out;
  }

  /** What {@code --version} prints. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"xds-controller " + BuildInfo.version()};
    }
  }

  @Command(
      name = "serve",
      description = "Serves the settings to Envoys over ADS and follows the file until terminated.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      sortOptions = false)
  void serve(
      @Option(
              names = "--settings",
              required = true,
              paramLabel = "FILE",
              description = "Settings file (YAML), watched. Environment: POINTSMAN_XDS_SETTINGS.")
          Path settings,
      @Option(
              names = "--xds-bind-address",
              paramLabel = "HOST:PORT",
              defaultValue = ":18000",
              description =
                  "Where Envoys connect; port 0 takes a free one. Default: ${DEFAULT-VALUE}."
                      + " Environment: POINTSMAN_XDS_BIND_ADDRESS.")
          BindAddress xdsAddress,
      @Option(
              names = "--http-bind-address",
              paramLabel = "HOST:PORT",
              defaultValue = ":8081",
              description =
                  "Where /metrics, /healthz and /readyz are; port 0 takes a free one. Default:"
                      + " ${DEFAULT-VALUE}. Environment: POINTSMAN_XDS_HTTP_BIND_ADDRESS.")
          BindAddress httpAddress)
      throws CommandFailure, InterruptedException {
    Controller controller = start(settings, xdsAddress, httpAddress);
    log.info(
        "started: version={} settings={} xdsPort={} httpPort={} config={}",
        BuildInfo.version(),
        settings,
        controller.xdsPort(),
        controller.httpPort(),
        controller.configVersion());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(controller), "shutdown"));
    // Only a signal ends it, and that runs the hook.
    new CountDownLatch(1).await();
  }

  private static Controller start(Path settings, BindAddress xdsAddress, BindAddress httpAddress)
      throws CommandFailure {
    try {
      return Controller.start(settings, xdsAddress, httpAddress);
    } catch (ConfigException e) {
      throw CommandFailure.badInput(e);
    } catch (IOException e) {
      throw CommandFailure.impossible("cannot listen", e);
    }
  }

  /** Exit code 0 on a signal: it is how the program is meant to end. */
  private static void shutDown(Controller controller) {
    controller.close();
    log.info("stopped");
    Runtime.getRuntime().halt(0);
  }

  @Command(
      name = "validate",
      description =
          "Checks a settings file: exit code 0 if it can be used, 2 and the reason if not.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  void validate(
      @Option(
              names = "--settings",
              required = true,
              paramLabel = "FILE",
              description = "Settings file (YAML). Environment: POINTSMAN_XDS_SETTINGS.")
          Path settings)
      throws CommandFailure {
    try (var file = SettingsFile.read(settings)) {
      out.println(settings + ": valid, for port " + file.settings().listener().port());
    } catch (ConfigException e) {
      throw CommandFailure.badInput(e);
    }
  }

  @Command(
      name = "bootstrap",
      description =
          "Prints the file that Envoy is started with, as JSON: envoy -c envoy.json. All else comes"
              + " from this controller.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      sortOptions = false)
  void bootstrap(
      @Option(
              names = "--xds-address",
              paramLabel = "HOST:PORT",
              split = ",",
              defaultValue = "127.0.0.1:18000",
              description =
                  "Where this controller listens; several replicas separated by commas. Default:"
                      + " ${DEFAULT-VALUE}. Environment: POINTSMAN_XDS_ADDRESS.")
          List<BindAddress> xdsAddresses,
      @Option(
              names = "--node-id",
              paramLabel = "ID",
              defaultValue = "envoy",
              description =
                  "Name of this Envoy in the controller's log. Default: ${DEFAULT-VALUE}."
                      + " Environment: POINTSMAN_XDS_NODE_ID.")
          String nodeId,
      @Option(
              names = "--node-cluster",
              paramLabel = "NAME",
              defaultValue = "pointsman",
              description =
                  "Name of the group of Envoys. Default: ${DEFAULT-VALUE}. Environment:"
                      + " POINTSMAN_XDS_NODE_CLUSTER.")
          String nodeCluster,
      @Option(
              names = "--admin-address",
              paramLabel = "HOST:PORT",
              defaultValue = "127.0.0.1:9901",
              description =
                  "Envoy's admin interface, which has no protection of its own. Default:"
                      + " ${DEFAULT-VALUE}. Environment: POINTSMAN_XDS_ADMIN_ADDRESS.")
          BindAddress adminAddress,
      @Option(
              names = "--max-connections",
              paramLabel = "N",
              defaultValue = "50000",
              description =
                  "Client connections that Envoy accepts over all; 0 is no limit. Default:"
                      + " ${DEFAULT-VALUE}. Environment: POINTSMAN_XDS_MAX_CONNECTIONS.")
          long maxConnections,
      @Option(
              names = "--sotw",
              description =
                  "Use the state-of-the-world form of ADS instead of delta. Environment:"
                      + " POINTSMAN_XDS_SOTW.")
          boolean stateOfTheWorld)
      throws CommandFailure {
    try {
      var bootstrap =
          new EnvoyBootstrap(
              nodeId, nodeCluster, xdsAddresses, adminAddress, maxConnections, !stateOfTheWorld);
      out.println(bootstrap.toJson());
    } catch (IllegalArgumentException e) {
      throw CommandFailure.badInput(e);
    }
  }
}
