package io.pointsman.xds.app;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.pointsman.common.BindAddress;
import io.pointsman.common.BuildInfo;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.Policy;
import io.pointsman.xds.server.SettingsFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line. */
@Command(
    name = "xds-controller",
    description = "Turns one settings file into Envoy's behaviour.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = XdsControllerCommand.Version.class)
final class XdsControllerCommand {
  private static final Logger log = LoggerFactory.getLogger(XdsControllerCommand.class);

  private static final String XDS_BIND_ADDRESS = ":18000";
  private static final String HTTP_BIND_ADDRESS = ":8081";
  private static final String XDS_ADDRESS = "127.0.0.1:18000";
  private static final String NODE_ID = "envoy";
  private static final String NODE_CLUSTER = "pointsman";
  private static final String ADMIN_ADDRESS = "127.0.0.1:9901";
  private static final String MAX_CONNECTIONS = "50000";

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
              defaultValue = XDS_BIND_ADDRESS,
              description =
                  "Where Envoys connect; port 0 takes a free one. Default: "
                      + XDS_BIND_ADDRESS
                      + "."
                      + " Environment: POINTSMAN_XDS_BIND_ADDRESS.")
          BindAddress xdsAddress,
      @Option(
              names = "--http-bind-address",
              paramLabel = "HOST:PORT",
              defaultValue = HTTP_BIND_ADDRESS,
              description =
                  "Where /metrics, /healthz and /readyz are; port 0 takes a free one. Default:"
                      + " "
                      + HTTP_BIND_ADDRESS
                      + ". Environment: POINTSMAN_XDS_HTTP_BIND_ADDRESS.")
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
      throw CommandFailure.impossible(e);
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
      @Parameters(arity = "0..1", paramLabel = "FILE", description = "Settings file (YAML).")
          @Nullable Path file,
      @Option(
              names = "--settings",
              paramLabel = "FILE",
              description = "The same where no FILE is given. Environment: POINTSMAN_XDS_SETTINGS.")
          @Nullable Path settings)
      throws CommandFailure {
    Path checked = file != null ? file : settings;
    if (checked == null) {
      throw CommandFailure.badInput(
          "no settings file is given; see xds-controller validate --help");
    }
    try (var read = SettingsFile.read(checked)) {
      out.println(checked + ": valid, for port " + read.settings().listener().port());
    } catch (ConfigException e) {
      throw CommandFailure.badInput(e);
    }
  }

  @Command(
      name = "policies",
      description =
          "Prints Envoy Gateway's policies as they follow from a settings file, as YAML: what the"
              + " command gateway keeps, but for owners.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      sortOptions = false)
  void policies(
      @Option(
              names = "--settings",
              required = true,
              paramLabel = "FILE",
              description = "Settings file (YAML). Environment: POINTSMAN_XDS_SETTINGS.")
          Path settings)
      throws CommandFailure {
    try (var read = SettingsFile.read(settings)) {
      for (Policy policy : Policies.from(read.settings())) {
        out.print(Serialization.asYaml(policy.manifest()));
      }
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
              defaultValue = XDS_ADDRESS,
              description =
                  "Where this controller listens; several replicas separated by commas. Default:"
                      + " "
                      + XDS_ADDRESS
                      + ". Environment: POINTSMAN_XDS_ADDRESS.")
          List<BindAddress> xdsAddresses,
      @Option(
              names = "--node-id",
              paramLabel = "ID",
              defaultValue = NODE_ID,
              description =
                  "Name of this Envoy in the controller's log. Default: "
                      + NODE_ID
                      + "."
                      + " Environment: POINTSMAN_XDS_NODE_ID.")
          String nodeId,
      @Option(
              names = "--node-cluster",
              paramLabel = "NAME",
              defaultValue = NODE_CLUSTER,
              description =
                  "Name of the group of Envoys. Default: "
                      + NODE_CLUSTER
                      + ". Environment:"
                      + " POINTSMAN_XDS_NODE_CLUSTER.")
          String nodeCluster,
      @Option(
              names = "--admin-address",
              paramLabel = "HOST:PORT",
              defaultValue = ADMIN_ADDRESS,
              description =
                  "Envoy's admin interface, which has no protection of its own. Default:"
                      + " "
                      + ADMIN_ADDRESS
                      + ". Environment: POINTSMAN_XDS_ADMIN_ADDRESS.")
          BindAddress adminAddress,
      @Option(
              names = "--max-connections",
              paramLabel = "N",
              defaultValue = MAX_CONNECTIONS,
              description =
                  "Client connections that Envoy accepts over all; 0 is no limit. Default:"
                      + " "
                      + MAX_CONNECTIONS
                      + ". Environment: POINTSMAN_XDS_MAX_CONNECTIONS.")
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
