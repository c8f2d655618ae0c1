package io.pointsman.e2e.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.JavaProcess;
import io.pointsman.e2e.harness.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo as a process, the way the script starts it. */
class DemoTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);

  @TempDir Path folder;

  @Test
  void theLiveTableRunsUntilItIsStoppedAndNothingIsLeftAndACheckCanRunBesideItAndFollowAtOnce() {
    try (var ports = new Ports()) {
      int port = ports.next();
      JavaProcess demo = start("live", "--port=" + port);
      try {
        demo.awaitReady("shows a table", LIMIT, () -> tables(demo) >= 1);
        checkPasses(ports.next());
        long before = tables(demo);
        demo.awaitReady("shows a further table", LIMIT, () -> tables(demo) > before);
        assertThat(demo.output()).doesNotContain("does not answer");
        assertThat(demo.output())
            .contains("curl -i http://127.0.0.1:%d/v1/chat/completions".formatted(port))
            .contains("curl -N ")
            .contains("/v1/models")
            .doesNotContain("\u001b");
        List<ProcessHandle> children = demo.descendants();
        // Redis, plugin, controller, Envoy.
        assertThat(children).hasSizeGreaterThanOrEqualTo(4);
        demo.terminate();
        demo.awaitExit(LIMIT);
        assertThat(children).noneMatch(ProcessHandle::isAlive);
        assertThat(Ports.isFree(port)).isTrue();
        assertThat(demo.output()).endsWith("stopping\n");
      } finally {
        demo.close();
      }
      checkPasses(port);
      assertThat(Ports.isFree(port)).isTrue();
    }
  }

  @Test
  void theSameHoldsWithPodsOfAnApiServer() {
    try (var ports = new Ports();
        JavaProcess demo =
            start("kubernetes", "--kubernetes", "--check", "--port=" + ports.next())) {
      assertThat(demo.awaitExit(LIMIT)).as(demo.output()).isZero();
      assertThat(demo.output())
          .contains("starting a mock Kubernetes API server")
          .contains("check passed: ")
          .containsPattern("llama-3-8b-\\d+ +ready +0 +\\d+ +\\d+\\.\\d%");
    }
  }

  private void checkPasses(int port) {
    try (JavaProcess demo = start("check", "--check", "--port=" + port)) {
      assertThat(demo.awaitExit(LIMIT)).as(demo.output()).isZero();
      assertThat(demo.output())
          .contains("check passed: 200 answers")
          .contains("llama-3-8b")
          .contains("qwen-3-4b")
          .containsPattern("127\\.0\\.0\\.1:\\d+ +ready +0 +\\d+ +\\d+\\.\\d%");
    }
  }

  @Test
  void aCheckOfPairsShowsWhichPodsSharedRequests() {
    try (var ports = new Ports();
        JavaProcess demo = start("pairs", "--pd", "--check", "--port=" + ports.next())) {
      assertThat(demo.awaitExit(LIMIT)).as(demo.output()).isZero();
      assertThat(demo.output())
          .contains("check passed: 200 answers, each from the pair")
          .containsPattern("red +127\\.0\\.0\\.1:\\d+ +127\\.0\\.0\\.1:\\d+ +\\d+ +0 ")
          .containsPattern("blue +127\\.0\\.0\\.1:\\d+ +127\\.0\\.0\\.1:\\d+ +\\d+ +0 ")
          .containsPattern("grey +127\\.0\\.0\\.1:\\d+ +127\\.0\\.0\\.1:\\d+ +\\d+ +0 ");
    }
  }

  @Test
  void aTakenPortIsSaidInOneLine() throws IOException {
    try (var ports = new Ports();
        var taken = new ServerSocket(ports.next(), 1, InetAddress.getLoopbackAddress());
        JavaProcess demo = start("taken", "--check", "--port=" + taken.getLocalPort())) {
      assertThat(demo.awaitExit(LIMIT)).isEqualTo(1);
      assertThat(demo.output())
          .isEqualTo(
              "demo.sh: port %d is taken; give Envoy another one with --port\n"
                  .formatted(taken.getLocalPort()));
    }
  }

  @Test
  void badFlagsAndHelpAreAnsweredWithoutStartingAnything() {
    try (JavaProcess bad = start("bad", "--port=0")) {
      assertThat(bad.awaitExit(LIMIT)).isEqualTo(2);
      assertThat(bad.output()).isEqualTo("demo.sh: --port must be 1 to 65535; see --help\n");
    }
    try (JavaProcess unknown = start("unknown", "--foo")) {
      assertThat(unknown.awaitExit(LIMIT)).isEqualTo(2);
      assertThat(unknown.output()).isEqualTo("demo.sh: Unknown option: '--foo'; see --help\n");
    }
    try (JavaProcess help = start("help", "--help")) {
      assertThat(help.awaitExit(LIMIT)).isZero();
      assertThat(help.output()).contains("--port=PORT").contains("--check");
    }
  }

  private JavaProcess start(String name, String... arguments) {
    return JavaProcess.start(
        name,
        "io.pointsman.e2e.demo.Demo",
        List.of(arguments),
        List.of("-Dpointsman.e2e.target=target", "-Dlogback.configurationFile=logback-harness.xml"),
        folder.resolve(name + ".log"));
  }

  private static long tables(JavaProcess demo) {
    return demo.output().lines().filter(line -> line.startsWith("MODEL ")).count();
  }
}
