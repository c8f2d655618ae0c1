package io.pointsman.xds.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.envoyproxy.envoy.config.core.v3.ApiConfigSource;
import io.envoyproxy.envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLineTest {
  @TempDir private Path folder;

  private record Result(int exitCode, String out, String err) {}

  private static Result run(Map<String, String> environment, String... arguments) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    int exitCode =
        Main.commandLine(
                environment,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8))
            .execute(arguments);
    return new Result(
        exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static Bootstrap bootstrap(String json) throws IOException {
    var bootstrap = Bootstrap.newBuilder();
    var types =
        TypeRegistry.newBuilder()
            .add(HttpProtocolOptions.getDescriptor())
            .add(DownstreamConnectionsConfig.getDescriptor())
            .build();
    JsonFormat.parser().usingTypeRegistry(types).merge(json, bootstrap);
    return bootstrap.build();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("settings.yaml"), text);
  }

  @Test
  void theVersionIsPrinted() {
    Result result = run(Map.of(), "--version");
    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).matches("xds-controller \\S+\\R");
  }

  @Test
  void helpNamesCommandsOptionsAndVariables() {
    assertThat(run(Map.of(), "--help").out()).contains("serve", "validate", "bootstrap");
    assertThat(run(Map.of(), "serve", "--help").out())
        .contains(
            "--settings",
            "POINTSMAN_XDS_SETTINGS",
            "--xds-bind-address",
            ":18000",
            "POINTSMAN_XDS_BIND_ADDRESS",
            "--http-bind-address",
            ":8081",
            "POINTSMAN_XDS_HTTP_BIND_ADDRESS");
    assertThat(run(Map.of(), "gateway", "--help").out())
        .contains(
            "--settings",
            "--http-bind-address",
            "--kubeconfig",
            "POINTSMAN_XDS_KUBECONFIG",
            "--leader-election-lease",
            "POINTSMAN_XDS_LEADER_ELECTION_LEASE",
            "--leader-election-id",
            "POINTSMAN_XDS_LEADER_ELECTION_ID");
    assertThat(run(Map.of(), "delete-policies", "--help").out())
        .contains("--settings", "--kubeconfig", "--leader-election-lease", "--timeout", "60s");
    assertThat(run(Map.of(), "bootstrap", "--help").out())
        .contains(
            "--xds-address",
            "127.0.0.1:18000",
            "POINTSMAN_XDS_ADDRESS",
            "--node-id",
            "POINTSMAN_XDS_NODE_ID",
            "--node-cluster",
            "POINTSMAN_XDS_NODE_CLUSTER",
            "--admin-address",
            "127.0.0.1:9901",
            "POINTSMAN_XDS_ADMIN_ADDRESS",
            "--max-connections",
            "50000",
            "POINTSMAN_XDS_MAX_CONNECTIONS",
            "--sotw",
            "POINTSMAN_XDS_SOTW");
  }

  @Test
  void withoutACommandItSaysWhatThereIs() {
    Result result = run(Map.of());
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err())
        .isEqualTo(
            "xds-controller: Missing required subcommand, expected one of bootstrap,"
                + " delete-policies, gateway, policies, serve, validate; see xds-controller"
                + " --help\n");
  }

  @Test
  void aGoodFileIsValid() throws IOException {
    Path file = file("listener: {port: 1234}");
    Result result = run(Map.of(), "validate", "--settings", file.toString());
    assertThat(result).isEqualTo(new Result(0, file + ": valid, for port 1234\n", ""));
    assertThat(run(Map.of(), "validate", file.toString())).isEqualTo(result);
    // The file that is named goes before the one of the environment.
    assertThat(run(Map.of("POINTSMAN_XDS_SETTINGS", "/nope"), "validate", file.toString()))
        .isEqualTo(result);
  }

  @Test
  void policiesArePrintedAsKubectlTakesThem() throws IOException {
    Path file = file("gateway: {name: eg, namespace: router}");
    Result result = run(Map.of(), "policies", "--settings", file.toString());
    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .startsWith(
            """
            ---
            apiVersion: "gateway.envoyproxy.io/v1alpha1"
            kind: "ClientTrafficPolicy"
            metadata:
              name: "pointsman"
              namespace: "router"
            """)
        .contains("kind: \"EnvoyPatchPolicy\"");
    assertThat(result.out().lines().filter("---"::equals)).hasSize(4);
    Path off = file("gateway: {enabled: false}");
    assertThat(run(Map.of(), "policies", "--settings", off.toString()))
        .isEqualTo(new Result(0, "", ""));
  }

  @Test
  void whatAClusterNeedsIsCheckedBeforeAnythingIsAsked() throws IOException {
    Path file = file("{}");
    for (String command : new String[] {"gateway", "delete-policies"}) {
      assertThat(
              run(Map.of(), command, "--settings=" + file, "--leader-election-lease=only-a-name")
                  .err())
          .isEqualTo(
              "xds-controller: --leader-election-lease: expected NAMESPACE/NAME, found"
                  + " \"only-a-name\"; see xds-controller %s --help\n".formatted(command));
      assertThat(run(Map.of(), command, "--settings=" + file, "--kubeconfig=/nope"))
          .satisfies(
              result -> assertThat(result.exitCode()).isEqualTo(2),
              result ->
                  assertThat(result.err())
                      .startsWith("xds-controller: /nope:1: not a usable kubeconfig: ")
                      .hasLineCount(1));
    }
    assertThat(run(Map.of(), "delete-policies", "--settings=" + file, "--timeout=soon").err())
        .startsWith("xds-controller: --timeout: expected a duration such as 30s or 1m, found");
  }

  @Test
  void aFileThatIsMissingOrNotNamedIsOneLineAndExitCode2() {
    assertThat(run(Map.of(), "validate", "/nope.yaml"))
        .isEqualTo(new Result(2, "", "xds-controller: /nope.yaml: there is no such file\n"));
    assertThat(run(Map.of(), "validate"))
        .isEqualTo(
            new Result(
                2,
                "",
                "xds-controller: no settings file is given; see xds-controller validate --help\n"));
    assertThat(run(Map.of(), "serve").err())
        .startsWith("xds-controller: Missing required option: '--settings=FILE'; see ")
        .hasLineCount(1);
  }

  @Test
  void aBadVariableIsOneLineThatNamesIt() {
    for (String[] bad :
        new String[][] {
          {"serve", "POINTSMAN_XDS_BIND_ADDRESS", "foo", "expected HOST:PORT or :PORT"},
          {"serve", "POINTSMAN_XDS_HTTP_BIND_ADDRESS", "foo", "expected HOST:PORT or :PORT"},
          {"bootstrap", "POINTSMAN_XDS_ADDRESS", "foo", "expected HOST:PORT or :PORT"},
          {"bootstrap", "POINTSMAN_XDS_ADMIN_ADDRESS", "foo", "expected HOST:PORT or :PORT"},
          {"bootstrap", "POINTSMAN_XDS_MAX_CONNECTIONS", "foo", "expected an integer"},
          {"bootstrap", "POINTSMAN_XDS_SOTW", "foo", "expected true or false"},
        }) {
      Result result = run(Map.of(bad[1], bad[2], "POINTSMAN_XDS_SETTINGS", "s.yaml"), bad[0]);
      assertThat(result)
          .isEqualTo(
              new Result(
                  2,
                  "",
                  "xds-controller: %s: %s, found \"foo\"; see xds-controller %s --help\n"
                      .formatted(bad[1], bad[3], bad[0])));
    }
  }

  @Test
  void aBadFlagIsOneLineThatNamesItAndGoesBeforeTheVariable() {
    assertThat(
            run(Map.of("POINTSMAN_XDS_ADMIN_ADDRESS", "bar"), "bootstrap", "--admin-address=foo"))
        .isEqualTo(
            new Result(
                2,
                "",
                "xds-controller: --admin-address: expected HOST:PORT or :PORT, found \"foo\";"
                    + " see xds-controller bootstrap --help\n"));
  }

  @Test
  void anEmptyVariableCountsAsNotSet() throws IOException {
    var environment =
        Map.of(
            "POINTSMAN_XDS_ADDRESS", "",
            "POINTSMAN_XDS_NODE_ID", "",
            "POINTSMAN_XDS_MAX_CONNECTIONS", "",
            "POINTSMAN_XDS_SOTW", "");
    assertThat(run(environment, "bootstrap")).isEqualTo(run(Map.of(), "bootstrap"));
  }

  @Test
  void variablesNamedAsHelpAndVersionMeanNothing() {
    var environment = Map.of("POINTSMAN_XDS_VERSION", "0.1.0", "POINTSMAN_XDS_HELP", "true");
    assertThat(run(environment, "bootstrap")).isEqualTo(run(Map.of(), "bootstrap"));
  }

  @Test
  void helpShowsTheDefaultsWhateverTheEnvironmentSays() {
    assertThat(run(Map.of("POINTSMAN_XDS_NODE_ID", "mine"), "bootstrap", "--help"))
        .isEqualTo(run(Map.of(), "bootstrap", "--help"));
  }

  @Test
  void aBadFileIsRefusedWithOneLineAndExitCode2() throws IOException {
    Path file = file("listener:\n  port: -1");
    String reason =
        "xds-controller: "
            + file
            + ":2: listener.port: expected an integer from 1 to 65535, found -1\n";
    for (String command : new String[] {"validate", "serve"}) {
      assertThat(run(Map.of(), command, "--settings", file.toString()))
          .isEqualTo(new Result(2, "", reason));
    }
  }

  @Test
  void aTakenPortIsOneLineWithItsFlagAndExitCode1() throws IOException {
    Path file = file("{}");
    try (var taken = new ServerSocket(0)) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      for (String flag : new String[] {"--xds-bind-address", "--http-bind-address"}) {
        Result result =
            run(
                Map.of(
                    "POINTSMAN_XDS_BIND_ADDRESS", "127.0.0.1:0",
                    "POINTSMAN_XDS_HTTP_BIND_ADDRESS", "127.0.0.1:0"),
                "serve",
                "--settings=" + file,
                flag + "=" + address);
        assertThat(result)
            .isEqualTo(
                new Result(
                    1,
                    "",
                    "xds-controller: cannot listen on %s (%s): Address already in use\n"
                        .formatted(address, flag)));
      }
    }
  }

  @Test
  void whatTheCommandLineLacksComesFromTheEnvironment() throws IOException {
    Path file = file("listener: {port: 1234}");
    assertThat(run(Map.of("POINTSMAN_XDS_SETTINGS", file.toString()), "validate").exitCode())
        .isZero();
    var environment =
        Map.of(
            "POINTSMAN_XDS_NODE_ID", "from-env",
            "POINTSMAN_XDS_ADDRESS", "10.0.0.1:1,10.0.0.2:2",
            "POINTSMAN_XDS_SOTW", "true");
    Bootstrap bootstrap = bootstrap(run(environment, "bootstrap").out());
    assertThat(bootstrap.getNode().getId()).isEqualTo("from-env");
    assertThat(
            bootstrap
                .getStaticResources()
                .getClusters(0)
                .getLoadAssignment()
                .getEndpoints(0)
                .getLbEndpointsList())
        .hasSize(2);
    assertThat(bootstrap.getDynamicResources().getAdsConfig().getApiType())
        .isEqualTo(ApiConfigSource.ApiType.GRPC);
    assertThat(
            bootstrap(run(environment, "bootstrap", "--node-id", "from-flag").out())
                .getNode()
                .getId())
        .isEqualTo("from-flag");
  }

  @Test
  void theBootstrapHasSafeDefaults() throws IOException {
    Result result = run(Map.of(), "bootstrap");
    assertThat(result.exitCode()).isZero();
    Bootstrap bootstrap = bootstrap(result.out());
    assertThat(bootstrap.getNode().getId()).isEqualTo("envoy");
    assertThat(bootstrap.getNode().getCluster()).isEqualTo("pointsman");
    assertThat(bootstrap.getAdmin().getAddress().getSocketAddress().getAddress())
        .isEqualTo("127.0.0.1");
    assertThat(bootstrap.getAdmin().getAddress().getSocketAddress().getPortValue()).isEqualTo(9901);
    var ads = bootstrap.getDynamicResources().getAdsConfig();
    assertThat(ads.getApiType()).isEqualTo(ApiConfigSource.ApiType.DELTA_GRPC);
    assertThat(ads.getSetNodeOnFirstMessageOnly()).isFalse();
    assertThat(ads.getGrpcServices(0).getEnvoyGrpc().getClusterName())
        .isEqualTo(bootstrap.getStaticResources().getClusters(0).getName());
    assertThat(bootstrap.getDynamicResources().getCdsConfig().hasAds()).isTrue();
    assertThat(bootstrap.getDynamicResources().getLdsConfig().hasAds()).isTrue();
    var limit =
        bootstrap
            .getOverloadManager()
            .getResourceMonitors(0)
            .getTypedConfig()
            .unpack(DownstreamConnectionsConfig.class);
    assertThat(limit.getMaxActiveDownstreamConnections()).isEqualTo(50_000);
  }

  @Test
  void theBootstrapDoesWhatItsOptionsSay() throws IOException {
    Bootstrap bootstrap =
        bootstrap(
            run(
                    Map.of(),
                    "bootstrap",
                    "--xds-address=xds.example:19000",
                    "--node-id=e1",
                    "--node-cluster=c1",
                    "--admin-address=[::1]:9000",
                    "--max-connections=0",
                    "--sotw")
                .out());
    var controller =
        bootstrap
            .getStaticResources()
            .getClusters(0)
            .getLoadAssignment()
            .getEndpoints(0)
            .getLbEndpoints(0)
            .getEndpoint()
            .getAddress()
            .getSocketAddress();
    assertThat(controller.getAddress()).isEqualTo("xds.example");
    assertThat(controller.getPortValue()).isEqualTo(19000);
    assertThat(bootstrap.getNode().getCluster()).isEqualTo("c1");
    assertThat(bootstrap.getAdmin().getAddress().getSocketAddress().getAddress()).isEqualTo("::1");
    assertThat(bootstrap.hasOverloadManager()).isFalse();
    assertThat(bootstrap.getDynamicResources().getAdsConfig().getApiType())
        .isEqualTo(ApiConfigSource.ApiType.GRPC);
  }

  @Test
  void badOptionsAreRefusedWithExitCode2() {
    for (String option :
        new String[] {
          "--xds-address=:18000",
          "--xds-address=host:0",
          "--xds-address=host",
          "--admin-address=:9901",
          "--max-connections=-1",
          "--max-connections=many",
          "--no-such-option"
        }) {
      Result result = run(Map.of(), "bootstrap", option);
      assertThat(result.exitCode()).as(option).isEqualTo(2);
      assertThat(result.err()).as(option).startsWith("xds-controller: ").hasLineCount(1);
      assertThat(result.out()).as(option).isEmpty();
    }
  }
}
