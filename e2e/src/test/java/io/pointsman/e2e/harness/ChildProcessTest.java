package io.pointsman.e2e.harness;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir Path folder;

  @Test
  void aProcessThatEndsEarlyIsReportedAtOnceWithItsLog() {
    try (var child = shell("echo 'port 80 is taken' >&2; exit 3")) {
      assertThatThrownBy(() -> child.awaitReady("listens", LIMIT, () -> false))
          .hasMessageContaining("sample ended with exit code 3 before listens")
          .hasMessageContaining("port 80 is taken");
    }
  }

  @Test
  void closeSendsSigtermFirst() {
    var child = shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done");
    child.awaitReady("is up", LIMIT, () -> child.output().contains("up"));
    child.close();
    assertThat(child.isAlive()).isFalse();
    assertThat(child.output()).contains("bye");
  }

  @Test
  void aPausedProcessCanBeClosed() {
    var child = shell("echo up; exec sleep 100");
    child.awaitReady("is up", LIMIT, () -> child.output().contains("up"));
    child.pause();
    child.close();
    assertThat(child.isAlive()).isFalse();
  }

  @Test
  void pauseStopsAndResumeGoesOn() {
    try (var child = shell("echo up; exec sleep 100")) {
      child.awaitReady("is up", LIMIT, () -> child.output().contains("up"));
      child.pause();
      Await.until("stopped", LIMIT, () -> state(child) == 'T');
      child.resume();
      Await.until("running again", LIMIT, () -> state(child) != 'T');
    }
  }

  @Test
  void cpuTimeGrowsWithWork() {
    try (var child = shell("while :; do :; done")) {
      Duration before = child.cpuTime();
      Await.until("it has worked", LIMIT, () -> child.cpuTime().compareTo(before) > 0);
    }
  }

  @Test
  void anUnknownProgramIsNamed() {
    assertThatThrownBy(
            () ->
                ChildProcess.start(
                    "sample", List.of("/no/such/program"), Map.of(), folder.resolve("log")))
        .isInstanceOf(HarnessException.class)
        .hasMessageContaining("cannot start sample")
        .hasMessageContaining("/no/such/program");
  }

  private ChildProcess shell(String script) {
    return ChildProcess.start(
        "sample", List.of("sh", "-c", script), Map.of(), folder.resolve("sample.log"));
  }

  private static char state(ChildProcess child) throws Exception {
    var ps =
        new ProcessBuilder(
                "sh", "-c", "cat /proc/" + child.pid() + "/stat || ps -o stat= -p " + child.pid())
            .start();
    String output = new String(ps.getInputStream().readAllBytes(), UTF_8).strip();
    int name = output.lastIndexOf(") ");
    return output.isEmpty() ? ' ' : output.charAt(name < 0 ? 0 : name + 2);
  }
}
