package io.pointsman.e2e.harness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One of our own programs as a JVM of its own, on the same class path as this one, tuned to start
 * fast on a small machine: C1 only, the serial collector, a small heap.
 */
public final class JavaProcess implements AutoCloseable {
  private static final List<String> JVM_OPTIONS =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-Xshare:auto");

  private final ChildProcess child;

  private JavaProcess(ChildProcess child) {
    this.child = child;
  }

  /**
   * Starts a JVM.
   *
   * @param name for messages and the log
   * @param mainClass its main class
   * @param jvmOptions beside our own
   * @param log appended to
   */
  public static JavaProcess start(
      String name, String mainClass, List<String> arguments, List<String> jvmOptions, Path log) {
    return new JavaProcess(
        ChildProcess.start(name, command(jvmOptions, mainClass, arguments), classPath(), log));
  }

  /**
   * Runs a program to its end.
   *
   * @param errors where its standard error goes
   * @return its standard output
   * @throws HarnessException if its exit code is not 0
   */
  public static String run(String name, String mainClass, List<String> arguments, Path errors) {
    var builder =
        new ProcessBuilder(command(List.of(), mainClass, arguments)).redirectError(errors.toFile());
    builder.environment().putAll(classPath());
    try {
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int exitCode = process.waitFor();
      if (exitCode != 0) {
        throw new HarnessException(
            "%s ended with exit code %d: %s"
                .formatted(name, exitCode, Files.readString(errors).strip()));
      }
      return output;
    } catch (IOException e) {
      throw new HarnessException("cannot run " + name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HarnessException("interrupted while running " + name, e);
    }
  }

  private static List<String> command(
      List<String> jvmOptions, String mainClass, List<String> arguments) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM_OPTIONS);
    command.addAll(jvmOptions);
    command.add(mainClass);
    command.addAll(arguments);
    return command;
  }

  /** Waits until the condition holds; fails at once, with the log's end, if the JVM ends first. */
  public void awaitReady(String what, Duration limit, Await.Condition condition) {
    child.awaitReady(what, limit, condition);
  }

  public boolean isAlive() {
    return child.isAlive();
  }

  /** CPU time that it has taken so far, to about 10 ms. */
  public Duration cpuTime() {
    return child.cpuTime();
  }

  /** Sends SIGTERM and returns. */
  public void terminate() {
    child.terminate();
  }

  /** Sends SIGKILL and waits for the end. */
  public void kill() {
    child.kill();
  }

  /** Sends SIGSTOP: the process keeps its sockets and does nothing. */
  public void pause() {
    child.pause();
  }

  /** Sends SIGCONT. */
  public void resume() {
    child.resume();
  }

  /** The processes that it started, and theirs. */
  public List<ProcessHandle> descendants() {
    return child.descendants();
  }

  /** Waits for the end and returns the exit code. */
  public int awaitExit(Duration limit) {
    return child.awaitExit(limit);
  }

  /** The last lines of its log. */
  public String logTail() {
    return child.logTail();
  }

  /** Everything it has written. */
  public String output() {
    return child.output();
  }

  @Override
  public void close() {
    child.close();
  }

  // By environment, not on the command line: it is long, and process lists are read by people.
  private static Map<String, String> classPath() {
    // Surefire starts its JVM from a jar that only names the real class path.
    String surefire = System.getProperty("surefire.test.class.path");
    return Map.of("CLASSPATH", surefire != null ? surefire : System.getProperty("java.class.path"));
  }
}
