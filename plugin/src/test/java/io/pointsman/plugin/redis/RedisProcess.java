package io.pointsman.plugin.redis;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Jedis;
import redis.embedded.core.ExecutableProvider;

/**
 * A real Redis on a free port of the loopback address, as a process of its own, so that tests can
 * start, stop, restart and pause it. It keeps nothing on disk.
 */
public final class RedisProcess implements AutoCloseable {
  private static final int SLOTS = 16_384;
  private static final int CLUSTER_PORTS = 10_000;
  private static final int HIGHEST_PORT = 65_535;
  private static final Path EXECUTABLE = executable();

  private final int port;
  private final List<String> arguments;
  private @Nullable Path configFile;
  private @Nullable Process process;

  /** Prepares a Redis without starting it. */
  public RedisProcess(String... arguments) {
    this(freePort(), arguments);
  }

  private RedisProcess(int port, String... arguments) {
    this.port = port;
    this.arguments = List.of(arguments);
  }

  /** Prepares a Sentinel, which writes to its configuration file. */
  static RedisProcess sentinel(Path configFile) {
    var sentinel = new RedisProcess("--sentinel");
    sentinel.configFile = configFile;
    return sentinel;
  }

  /**
   * Starts a cluster of one node, which has all slots.
   *
   * @param folder where it keeps what it knows of the cluster
   */
  public static RedisProcess startCluster(Path folder) throws IOException {
    var node =
        new RedisProcess(
            clusterPort(),
            "--cluster-enabled",
            "yes",
            "--cluster-config-file",
            folder.resolve("nodes.conf").toString());
    node.start();
    try (var admin = new Jedis("127.0.0.1", node.port())) {
      admin.clusterAddSlots(IntStream.range(0, SLOTS).toArray());
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> admin.clusterInfo().contains("cluster_state:ok"));
    }
    return node;
  }

  /** The port, also while it is stopped. */
  public int port() {
    return port;
  }

  /** Starts it and waits until it takes connections. */
  public RedisProcess start() throws IOException {
    var command = new ArrayList<String>();
    command.add(EXECUTABLE.toString());
    if (configFile != null) {
      command.add(configFile.toString());
    }
    command.addAll(List.of("--port", Integer.toString(port), "--bind", "127.0.0.1"));
    if (configFile == null) {
      command.addAll(List.of("--save", "", "--appendonly", "no"));
    }
    command.addAll(arguments);
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.DISCARD)
            .start();
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(20))
        .until(this::takesConnections);
    return this;
  }

  private boolean takesConnections() {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Freezes it: connections stay, nothing answers. */
  public void pause() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** Ends {@link #pause()}. */
  public void resume() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    if (process == null) {
      throw new IllegalStateException("not started");
    }
    new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor();
  }

  /** Kills it and waits until it is gone; it can be started again. */
  public void stop() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException("Redis does not end");
      }
      process = null;
    }
  }

  @Override
  public void close() throws InterruptedException {
    stop();
  }

  private static Path executable() {
    try {
      return ExecutableProvider.newJarResourceProvider().get().toPath();
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Nodes talk to each other on a port that lies so much higher. */
  private static int clusterPort() {
    int port = freePort();
    while (port > HIGHEST_PORT - CLUSTER_PORTS) {
      port = freePort();
    }
    return port;
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
