package io.pointsman.xds.app;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.pointsman.common.BindAddress;
import io.pointsman.common.BuildInfo;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.gateway.KubernetesClients;
import io.pointsman.xds.gateway.PolicyDeletion;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.Policy;
import io.pointsman.xds.server.SettingsFile;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** The command line. */
@Command(
    name = "xds-controller",
    description = "Turns one settings file into Envoy's behaviour.",
    synopsisSubcommandLabel = "COMMAND",
    scope = ScopeType.INHERIT,
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = XdsControllerCommand.Version.class)
final class XdsControllerCommand {
  private static final Logger log = LoggerFactory.getLogger(XdsControllerCommand.class);

  private static final String XDS_BIND_ADDRESS = ":18000";
  private static final String XDS_ADDRESS = "127.0.0.1:18000";
  private static final String NODE_ID = "envoy";
  private static final String NODE_CLUSTER = "pointsman";
  private static final String ADMIN_ADDRESS = "127.0.0.1:9901";
  private static final String MAX_CONNECTIONS = "50000";
  private static final String DELETION_TIMEOUT = "60s";

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
      description = "Serves the settings to Envoys over ADS and follows the file until terminated.")
  void serve(
      @Mixin SettingsOption file,
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
      @Mixin HttpOption http)
      throws CommandFailure, InterruptedException {
    Controller controller = start(file.settings, xdsAddress, http.address);
    log.info(
        "started: version={} settings={} xdsPort={} httpPort={} config={}",
        BuildInfo.version(),
        file.settings,
        controller.xdsPort(),
        controller.httpPort(),
        controller.configVersion());
    runUntilSignal(controller::close);
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

  private static void runUntilSignal(Runnable close) throws InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(close), "shutdown"));
    // Only a signal ends it, and that runs the hook.
    new CountDownLatch(1).await();
  }

  /** Exit code 0 on a signal: it is how the program is meant to end. */
  private static void shutDown(Runnable close) {
    close.run();
    log.info("stopped");
    Runtime.getRuntime().halt(0);
  }

  @Command(
      name = "gateway",
      description =
          "Keeps Envoy Gateway's policies as the settings say and follows the file until"
              + " terminated.")
  void gateway(
      @Mixin SettingsOption file,
      @Mixin HttpOption http,
      @Mixin ClusterOptions cluster,
      @Option(
              names = "--leader-election-id",
              paramLabel = "ID",
              description =
                  "This replica's name in the Lease. Default: the host's name. Environment:"
                      + " POINTSMAN_XDS_LEADER_ELECTION_ID.")
          @Nullable String identity)
      throws CommandFailure, InterruptedException {
    GatewayController controller;
    try {
      controller =
          GatewayController.start(
              file.settings,
              http.address,
              cluster.kubeconfig,
              cluster.lease,
              identity == null ? InetAddress.getLocalHost().getHostName() : identity);
    } catch (ConfigException e) {
      throw CommandFailure.badInput(e);
    } catch (IOException e) {
      throw CommandFailure.impossible(e);
    }
    log.info(
        "started: version={} settings={} httpPort={} config={}",
        BuildInfo.version(),
        file.settings,
        controller.httpPort(),
        controller.configVersion());
    runUntilSignal(controller::close);
  }

  @Command(
      name = "delete-policies",
      description =
          "Deletes the policies that gateway keeps, in the order in which that is safe, and ends"
              + " with exit code 0 when they are gone. It takes the Lease for a minute, so that no"
              + " replica makes them anew.")
  void deletePolicies(
      @Mixin SettingsOption file,
      @Mixin ClusterOptions cluster,
      @Option(
              names = "--timeout",
              paramLabel = "DURATION",
              defaultValue = DELETION_TIMEOUT,
              description =
                  "How long to try. Default: "
                      + DELETION_TIMEOUT
                      + ". Environment: POINTSMAN_XDS_TIMEOUT.")
          Duration timeout)
      throws CommandFailure, InterruptedException {
    try (var read = SettingsFile.read(file.settings);
        KubernetesClient client = KubernetesClients.open(cluster.kubeconfig)) {
      PolicyDeletion.run(client, read.settings(), cluster.lease, timeout);
    } catch (ConfigException e) {
      throw CommandFailure.badInput(e);
    } catch (TimeoutException e) {
      throw CommandFailure.impossible(e);
    }
  }

  @Command(
      name = "validate",
      description =
          "Checks a settings file: exit code 0 if it can be used, 2 and the reason if not.")
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
              + " command gateway keeps, but for owners.")
  void policies(@Mixin SettingsOption file) throws CommandFailure {
    try (var read = SettingsFile.read(file.settings)) {
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
              + " from this controller.")
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
