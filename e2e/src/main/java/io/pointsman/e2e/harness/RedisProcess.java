package io.pointsman.e2e.harness;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import redis.embedded.core.ExecutableProvider;

/**
 * A real Redis without persistence, on loopback. The program comes from the {@code REDIS_SERVER}
 * variable, else out of the embedded-redis jar.
 */
public final class RedisProcess implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(15);
  private static final byte[] PING = "PING\r\n".getBytes(StandardCharsets.US_ASCII);

  private final Path program;
  private final int port;
  private final Path log;
  private @Nullable ChildProcess child;

  private RedisProcess(Path program, int port, Path log) {
    this.program = program;
    this.port = port;
    this.log = log;
  }

  /**
   * Starts Redis and waits until it answers PING.
   *
   * @param port a free port, kept over restarts
   * @param folder where the program is unpacked to and the log is written
   */
  public static RedisProcess start(int port, Path folder) {
    var redis = new RedisProcess(program(folder), port, folder.resolve("redis.log"));
    redis.start();
    return redis;
  }

  public int port() {
    return port;
  }

  /** Starts it again after {@link #stop} or {@link #kill}, empty, on the same port. */
  public synchronized void start() {
    if (child != null) {
      throw new IllegalStateException("redis is already started");
    }
    var command =
        List.of(
            program.toString(),
            "--port",
            Integer.toString(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--maxmemory-policy",
            "noeviction");
    var started = ChildProcess.start("redis", command, Map.of(), log);
    child = started;
    started.awaitReady("answers PING", START_LIMIT, this::answersPing);
  }

  /** Stops it with SIGTERM and waits; clients see closed connections, then refused ones. */
  public synchronized void stop() {
    if (child != null) {
      child.close();
      child = null;
    }
  }

  /** Stops it with SIGKILL. */
  public synchronized void kill() {
    if (child != null) {
      child.kill();
      child = null;
    }
  }

  /** Stops it with SIGSTOP: connections stay open and nothing answers. */
  public synchronized void pause() {
    running().pause();
  }

  /** Goes on after {@link #pause}. */
  public synchronized void resume() {
    running().resume();
  }

  @Override
  public void close() {
    stop();
  }

  private ChildProcess running() {
    if (child == null) {
      throw new IllegalStateException("redis is not running");
    }
    return child;
  }

  private boolean answersPing() throws IOException {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      socket.setSoTimeout(1000);
      socket.getOutputStream().write(PING);
      return new String(socket.getInputStream().readNBytes(7), StandardCharsets.US_ASCII)
          .equals("+PONG\r\n");
    }
  }

  private static Path program(Path folder) {
    String variable = System.getenv("REDIS_SERVER");
    if (variable != null && !variable.isEmpty()) {
      return Path.of(variable);
    }
    try {
      Path unpacked = Files.createDirectories(folder.resolve("redis"));
      return ExecutableProvider.newJarResourceProvider(unpacked.toFile()).get().toPath();
    } catch (IOException e) {
      throw new HarnessException(
          "cannot unpack Redis from the embedded-redis jar ("
              + e
              + "); set REDIS_SERVER to a redis-server",
          e);
    }
  }
}
