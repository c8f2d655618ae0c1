package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.common.BuildInfo;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginCommandTest {
  @TempDir private Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final List<PluginSettings> started = new ArrayList<>();
  private final List<String> effective = new ArrayList<>();

  @Test
  void helpNamesEverySettingWithEnvironmentAndDefault() {
    assertThat(run(Map.of(), "--help")).isEqualTo(PluginCommand.OK);

    String help = out.toString();
    // Where a line is broken is up to the widths of the columns.
    String unbroken = help.replaceAll("\\s+", " ");
    for (Setting setting : Setting.values()) {
      assertThat(unbroken).contains(setting.flag()).contains(setting.environmentNames());
      if (setting.defaultValue() != null) {
        assertThat(unbroken).contains("[default: " + setting.defaultValue() + "]");
      }
    }
    for (Setting.Group group : Setting.Group.values()) {
      assertThat(help).contains("\n" + group.heading() + ":\n");
    }
    assertThat(help.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(118));
    assertThat(started).isEmpty();
  }

  @Test
  void versionIsTheBuilds() {
    assertThat(run(Map.of(), "--version")).isEqualTo(PluginCommand.OK);
    assertThat(out.toString().strip()).isEqualTo("pointsman-plugin " + BuildInfo.version());
    assertThat(started).isEmpty();
  }

  @Test
  void flagsOfAibrixKeepWorking() throws IOException {
    Path config = endpointsConfig();

    int code =
        run(
            Map.of(),
            "--grpc-bind-address",
            ":50053",
            "--metrics-bind-address=:8081",
            "--standalone",
            "--endpoints-config",
            config.toString());

    assertThat(code).isEqualTo(PluginCommand.OK);
    assertThat(started.get(0).grpc().bindAddress()).hasToString(":50053");
    assertThat(started.get(0).httpBindAddress()).hasToString(":8081");
    assertThat(started.get(0).discovery()).isEqualTo(new DiscoverySettings.FromFile(config));
  }

  @Test
  void switchIsTrueAloneAndTakesAValue() throws IOException {
    String config = "--endpoints-config=" + endpointsConfig();

    run(Map.of(), "--route-on-headers", "--usage-metrics=true", "--response-headers=false", config);

    assertThat(started.get(0).extProc().routeOnHeaders()).isTrue();
    assertThat(started.get(0).extProc().usageMetrics()).isTrue();
    assertThat(started.get(0).extProc().responseHeaders()).isFalse();
  }

  @Test
  void actionsExitCodeIsReturned() throws IOException {
    var command =
        new PluginCommand(
            Map.of("POINTSMAN_ENDPOINTS_CONFIG", endpointsConfig().toString()),
            new PrintWriter(out),
            new PrintWriter(err),
            (settings, text) -> PluginCommand.FAILED_START);

    assertThat(command.run()).isEqualTo(PluginCommand.FAILED_START);
  }

  @Test
  void unknownFlagIsOneLineAndCode2() {
    assertThat(run(Map.of(), "--grpc-bind-adress=:1")).isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(err.toString())
        .isEqualTo(
            "pointsman-plugin: Unknown option: '--grpc-bind-adress=:1'; see --help"
                + System.lineSeparator());
  }

  @Test
  void strayArgumentIsRefused() {
    assertThat(run(Map.of(), "start")).isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(err.toString())
        .contains("'start'")
        .endsWith("; see --help" + System.lineSeparator());
  }

  @Test
  void everyBadSettingIsToldInOneLineThatNamesWhereItCameFrom() {
    int code =
        run(
            Map.of("POINTSMAN_DRAIN_GRACE", "soon", "ROUTING_ALGORITHM", "fastest"),
            "--grpc-bind-address=50052",
            "--endpoints-config=/no/such/file");

    assertThat(code).isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(err.toString().lines())
        .containsExactly(
            "pointsman-plugin: --grpc-bind-address: expected HOST:PORT or :PORT, found \"50052\"",
            "pointsman-plugin: --endpoints-config: cannot read the file \"/no/such/file\"",
            "pointsman-plugin: ROUTING_ALGORITHM: expected one of "
                + String.join(", ", StrategyCatalog.standard().names())
                + ", found \"fastest\"",
            "pointsman-plugin: POINTSMAN_DRAIN_GRACE: expected a duration from 0s to 24h, such as"
                + " 5s or 500ms, found \"soon\"");
    assertThat(started).isEmpty();
  }

  @Test
  void aSettingThatIsReadTwiceIsToldOnce() throws IOException {
    Path models = Files.writeString(folder.resolve("m.yaml"), "models: []");

    int code = run(Map.of(), "--endpoints-config=" + models, "--passive-health", "maybe");

    assertThat(code).isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(err.toString())
        .isEqualTo("pointsman-plugin: --passive-health: expected true or false, found \"maybe\"\n");
  }

  @Test
  void effectiveSettingsShowNoSecret() throws IOException {
    run(
        Map.of(
            "REDIS_PASSWORD", "hunter2",
            "POINTSMAN_REDIS_URL", "redis://:hunter3@cache"),
        "--drain-grace=1s",
        "--endpoints-config=" + endpointsConfig());

    assertThat(effective.get(0))
        .contains("drain-grace=1s", "drain-deadline=60s", "redis-password=***", "redis-url=***")
        .doesNotContain("hunter", "tls-cert", "\n");
  }

  @Test
  void goodProfilesAreToldInALineEach() throws IOException {
    Path pod =
        Files.writeString(
            folder.resolve("pod.yaml"),
            """
            kind: Pod
            metadata:
              annotations:
                model.aibrix.ai/config: |
                  {"defaultProfile": "b", "profiles": {"b": {}, "a": {"routingStrategy": "random"}}}
            """);

    assertThat(run(Map.of(), "validate-profile", pod.toString())).isEqualTo(PluginCommand.OK);

    assertThat(out.toString().lines()).containsExactly(pod + ":5: ok: profiles=a,b");
    assertThat(err.toString()).isEmpty();
    assertThat(started).isEmpty();
  }

  @Test
  void badProfilesAreToldWithLineAndPathAndCode2() throws IOException {
    Path json =
        Files.writeString(
            folder.resolve("config.json"),
            "{\"profiles\": {\n  \"p\": {\"routingStrategy\": \"fastest\"}}}");
    Path pod = Files.writeString(folder.resolve("pod.yaml"), "kind: Pod\n");

    assertThat(run(Map.of(), "validate-profile", json.toString()))
        .isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(run(Map.of(), "validate-profile", pod.toString()))
        .isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(run(Map.of(), "validate-profile", folder.resolve("none").toString()))
        .isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(run(Map.of(), "validate-profile")).isEqualTo(PluginCommand.BAD_SETTINGS);

    assertThat(err.toString().lines())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .startsWith("pointsman-plugin: " + json + ":2: profiles.p.routingStrategy: "),
            line ->
                assertThat(line)
                    .endsWith(pod + ": nothing here has the annotation model.aibrix.ai/config"),
            line -> assertThat(line).contains("none: cannot be read"),
            line -> assertThat(line).contains("FILE"));
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void theHelpOfValidateProfileSaysWhatItTakes() {
    assertThat(run(Map.of(), "validate-profile", "--help")).isEqualTo(PluginCommand.OK);
    assertThat(out.toString()).contains("validate-profile", "FILE", "model.aibrix.ai/config");
  }

  private int run(Map<String, String> environment, String... arguments) {
    var command =
        new PluginCommand(
            environment,
            new PrintWriter(out),
            new PrintWriter(err),
            (settings, text) -> {
              started.add(settings);
              effective.add(text);
              return PluginCommand.OK;
            });
    return command.run(arguments);
  }

  private Path endpointsConfig() throws IOException {
    return Files.writeString(folder.resolve("endpoints.yaml"), "models: []\n");
  }
}
