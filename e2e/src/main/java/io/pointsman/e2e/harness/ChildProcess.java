package io.pointsman.e2e.harness;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process of ours, stopped by its handle and by nothing else. Its output goes to a log file. It
 * does not outlive this JVM unless this JVM is killed outright.
 */
final class ChildProcess implements AutoCloseable {
  private static final Duration STOP_LIMIT = Duration.ofSeconds(15);
  private static final int TAIL_BYTES = 4096;

  private final String name;
  private final Path log;
  private final Process process;
  private final Thread atExit;
  private boolean paused;

  private ChildProcess(String name, Path log, Process process) {
    this.name = name;
    this.log = log;
    this.process = process;
    this.atExit = new Thread(this::end, "stop-" + name);
  }

  /**
   * Starts a process.
   *
   * @param name for messages, as in "plugin-1"
   * @param environment added to this JVM's own
   * @param log appended to
   * @throws HarnessException if the program cannot be started
   */
  static ChildProcess start(
      String name, List<String> command, Map<String, String> environment, Path log) {
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    try {
      var child = new ChildProcess(name, log, builder.start());
      Runtime.getRuntime().addShutdownHook(child.atExit);
      return child;
    } catch (IOException e) {
      throw new HarnessException("cannot start " + name + ": " + e.getMessage(), e);
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  long pid() {
    return process.pid();
  }

  /** CPU time that it has taken so far, of all its threads. */
  Duration cpuTime() {
    return process
        .info()
        .totalCpuDuration()
        .orElseThrow(() -> new HarnessException("the CPU time of " + name + " is not known"));
  }

  List<ProcessHandle> descendants() {
    return process.descendants().toList();
  }

  /** Waits until the condition holds; fails at once if the process ends first. */
  void awaitReady(String what, Duration limit, Await.Condition condition) {
    Await.until(
        name + ": " + what,
        limit,
        () -> {
          if (!process.isAlive()) {
            throw new HarnessException(
                "%s ended with exit code %d before %s\n%s"
                    .formatted(name, process.exitValue(), what, logTail()));
          }
          return condition.holds();
        },
        this::logTail);
  }

  /** Sends SIGTERM and returns. */
  void terminate() {
    process.destroy();
  }

  /** Sends SIGKILL and waits for the end. */
  void kill() {
    process.destroyForcibly();
    awaitExit(STOP_LIMIT);
    forget();
  }

  /** Sends SIGSTOP: the process keeps its sockets and does nothing. */
  synchronized void pause() {
    signal("STOP");
    paused = true;
  }

  /** Sends SIGCONT. */
  synchronized void resume() {
    signal("CONT");
    paused = false;
  }

  /**
   * Waits for the end.
   *
   * @return the exit code
   * @throws HarnessException if it still runs after {@code limit}
   */
  int awaitExit(Duration limit) {
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new HarnessException(
            "%s did not end within %d ms\n%s".formatted(name, limit.toMillis(), logTail()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HarnessException("interrupted while waiting for " + name + " to end", e);
    }
    return process.exitValue();
  }

  /** The last lines of the log, with the file's name above them. */
  String logTail() {
    try (var file = new RandomAccessFile(log.toFile(), "r")) {
      long from = Math.max(0, file.length() - TAIL_BYTES);
      var bytes = new byte[(int) (file.length() - from)];
      file.seek(from);
      file.readFully(bytes);
      return "--- end of %s\n%s".formatted(log, new String(bytes, StandardCharsets.UTF_8));
    } catch (IOException e) {
      return "--- " + log + " cannot be read: " + e.getMessage();
    }
  }

  /** Everything the process has written. */
  String output() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new HarnessException("cannot read " + log, e);
    }
  }

  /** Stops the process, gently first. */
  @Override
  public void close() {
    end();
    forget();
  }

  private void end() {
    if (!process.isAlive()) {
      return;
    }
    boolean gentle = !wasPaused();
    if (gentle) {
      process.destroy();
    }
    try {
      if (!gentle || !process.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }

  private synchronized boolean wasPaused() {
    return paused;
  }

  private void forget() {
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The JVM is going down: the hook runs, and finds the process ended.
    }
  }

  // Through the shell: kill is built in there, and needs no package.
  private void signal(String signal) {
    try {
      var kill = new ProcessBuilder("sh", "-c", "kill -" + signal + " " + process.pid()).start();
      if (kill.waitFor() != 0) {
        throw new HarnessException("cannot send SIG" + signal + " to " + name);
      }
    } catch (IOException e) {
      throw new HarnessException("cannot send SIG" + signal + " to " + name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HarnessException("interrupted while sending SIG" + signal + " to " + name, e);
    }
  }
}
