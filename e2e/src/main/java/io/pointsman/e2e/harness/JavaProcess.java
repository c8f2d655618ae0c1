package io.pointsman.e2e.harness;

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
   * @param environment added to this JVM's own
   * @param log appended to
   */
  public static JavaProcess start(
      String name,
      String mainClass,
      List<String> arguments,
      Map<String, String> environment,
      Path log) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM_OPTIONS);
    command.add(mainClass);
    command.addAll(arguments);
    var childEnvironment = new java.util.HashMap<>(environment);
    // Not on the command line: the class path is long, and process listings are read by people.
    childEnvironment.put("CLASSPATH", classPath());
    return new JavaProcess(ChildProcess.start(name, command, childEnvironment, log));
  }

  /** Waits until the condition holds; fails at once, with the log's end, if the JVM ends first. */
  public void awaitReady(String what, Duration limit, Await.Condition condition) {
    child.awaitReady(what, limit, condition);
  }

  public boolean isAlive() {
    return child.isAlive();
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

  // Surefire starts its JVM from a jar that only names the real class path.
  private static String classPath() {
    String surefire = System.getProperty("surefire.test.class.path");
    return surefire != null ? surefire : System.getProperty("java.class.path");
  }
}
