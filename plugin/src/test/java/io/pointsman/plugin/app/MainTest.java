package io.pointsman.plugin.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pointsman.common.BuildInfo;
import io.pointsman.plugin.redis.RedisProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process of its own: exit codes, output and signals. */
@Timeout(180)
class MainTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void stop() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void sigtermDrainsAndEndsWith0_aSecondOneIsHarmless() throws Exception {
    Process process = start(Map.of("POINTSMAN_DRAIN_GRACE", "300ms"), soundFlags());
    await().atMost(LONG).until(() -> out().contains(" Readiness ready"));

    process.destroy();
    await().atMost(LONG).until(() -> out().contains(" Drain draining: "));
    process.destroy();

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    assertThat(out())
        .containsSubsequence(
            "Main starting: version=" + BuildInfo.version() + " ",
            "drain-grace=300ms",
            "Plugin listening: grpc=",
            "Readiness ready",
            "Drain draining: openStreams=0 graceMs=300 deadlineMs=60000",
            "Drain decided streams are ended: openStreams=0",
            "Drain drained: cutStreams=0",
            "Main stopped");
    assertThat(err()).isEmpty();
  }

  @Test
  void badSettingsAreCode2AndALineEach() throws Exception {
    Process process =
        start(Map.of("POINTSMAN_TLS", "on"), List.of("--endpoints-config=/no/such/file"));

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(2);
    assertThat(err().lines())
        .containsExactly(
            "pointsman-plugin: POINTSMAN_TLS: expected off, self-signed or files, found \"on\"",
            "pointsman-plugin: --endpoints-config: cannot read the file \"/no/such/file\"");
    assertThat(out()).isEmpty();
  }

  @Test
  void badModelsFileIsCode2AndOneLine() throws Exception {
    Path models = folder.resolve("models.yaml");
    Files.writeString(models, "models:\n  - name: llama\n    engin: vllm\n");
    Process process = start(Map.of(), soundFlags());

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(2);
    assertThat(err().lines())
        .singleElement()
        .asString()
        .startsWith("pointsman-plugin: " + models + ":");
  }

  @Test
  void portThatIsTakenIsCode1AndOneLine() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      Process process = start(Map.of("POINTSMAN_GRPC_BIND_ADDRESS", address), soundFlags("grpc"));

      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(1);
      assertThat(err().lines())
          .containsExactly(
              "pointsman-plugin: cannot listen on "
                  + address
                  + " (--grpc-bind-address): Address already in use");
    }
  }

  @Test
  void aNewKeyStandsAloneOnStandardOutputWhateverElseIsSaid() throws Exception {
    try (var redis = new RedisProcess()) {
      redis.start();
      var environment =
          Map.of(
              "POINTSMAN_REDIS_URL", "redis://127.0.0.1:" + redis.port(),
              "POINTSMAN_AUDIT_LOG", "stdout",
              "POINTSMAN_LOG_LEVEL", "DEBUG");
      Process process = start(environment, List.of("api-keys", "create", "jobs"));

      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
      assertThat(out()).matches("pm-[A-Za-z0-9_-]{43}\\R");
      assertThat(err()).contains("\"event\":\"api_key_created\"").doesNotContain(out().strip());
    }
  }

  private List<String> soundFlags(String... without) throws IOException {
    var flags = new ArrayList<String>();
    PluginFixture.flags(folder, Map.of())
        .forEach((setting, value) -> flags.add(setting.flag() + "=" + value));
    flags.removeIf(flag -> flag.startsWith("--drain-grace="));
    for (String begin : without) {
      flags.removeIf(flag -> flag.startsWith("--" + begin));
    }
    return flags;
  }

  private Process start(Map<String, String> environment, List<String> flags) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // As the manifest of the jar says.
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(flags);
    var builder =
        new ProcessBuilder(command)
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(folder.resolve("err").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("POINTSMAN_"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private String out() throws IOException {
    return Files.readString(folder.resolve("out"), UTF_8);
  }

  private String err() throws IOException {
    return Files.readString(folder.resolve("err"), UTF_8);
  }
}
