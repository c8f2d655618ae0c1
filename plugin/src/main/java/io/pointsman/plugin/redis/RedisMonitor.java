package io.pointsman.plugin.redis;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisConnectionException;

/**
 * The connection to Redis and the word on whether Redis is there. Redis is optional: without it, or
 * while it is away, state stays in this process and requests go on. A thread of its own pings each
 * second; nothing else waits for Redis. Thread-safe.
 */
public final class RedisMonitor implements RedisCommands, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RedisMonitor.class);

  private static final Duration PING_INTERVAL = Duration.ofSeconds(1);
  private static final int TIMEOUT_MS = RedisConnector.TIMEOUT_MS;

  /** What the last ping said. */
  private sealed interface State {
    /** No ping has ended yet. */
    record Connecting() implements State {}

    record Up() implements State {}

    /** The first ping that failed in a row was at {@code since}. */
    record Down(Instant since) implements State {}
  }

  private final @Nullable RedisTarget target;
  private final Clock clock;
  private final CommandTimers timers;
  private final @Nullable ScheduledExecutorService executor;
  private volatile State state = new State.Connecting();

  /** Made by the thread that pings, for the client connects as it is made. */
  private volatile @Nullable UnifiedJedis client;

  private RedisMonitor(@Nullable RedisTarget target, MeterRegistry registry, Clock clock) {
    this.target = target;
    this.clock = clock;
    timers = new CommandTimers(registry);
    if (target == null) {
      executor = null;
      log.info("no Redis is set: state stays in this process");
      return;
    }
    executor =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var thread = new Thread(task, "redis-monitor");
              thread.setDaemon(true);
              return thread;
            });
    Gauge.builder("pointsman.redis.up", this, monitor -> monitor.isUp() ? 1 : 0)
        .description("1 while Redis answers, 0 while it does not; absent where no Redis is set")
        .strongReference(true)
        .register(registry);
  }

  /**
   * Begins to watch; returns at once, whether Redis is there or not.
   *
   * @param target or null where no Redis is set
   */
  public static RedisMonitor start(@Nullable RedisTarget target, MeterRegistry registry) {
    return start(target, registry, Clock.systemUTC());
  }

  static RedisMonitor start(@Nullable RedisTarget target, MeterRegistry registry, Clock clock) {
    var monitor = new RedisMonitor(target, registry, clock);
    if (target != null && monitor.executor != null) {
      var unused =
          monitor.executor.scheduleWithFixedDelay(
              () -> monitor.ping(target), 0, PING_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }
    return monitor;
  }

  /** Whether the last ping was answered; false where no Redis is set. */
  public boolean isUp() {
    return state instanceof State.Up;
  }

  /** {@code off}, {@code connecting}, {@code up} or {@code down since} an ISO 8601 time. */
  public String status() {
    if (target == null) {
      return "off";
    }
    State now = state;
    if (now instanceof State.Down down) {
      return "down since " + down.since();
    }
    return now instanceof State.Up ? "up" : "connecting";
  }

  /** Fails at once while the last ping was not answered, so that nothing waits for a time-out. */
  @Override
  public <T extends @Nullable Object> T run(String kind, Function<UnifiedJedis, T> command) {
    UnifiedJedis connected = client;
    if (connected == null || !isUp()) {
      throw new JedisConnectionException("Redis is " + status());
    }
    return timed(kind, connected, command);
  }

  private <T extends @Nullable Object> T timed(
      String kind, UnifiedJedis connected, Function<UnifiedJedis, T> command) {
    long start = System.nanoTime();
    try {
      return command.apply(connected);
    } finally {
      timers.of(kind).record(Duration.ofNanos(System.nanoTime() - start));
    }
  }

  private void ping(RedisTarget to) {
    try {
      UnifiedJedis connected = client;
      if (connected == null) {
        connected = RedisConnector.connect(to);
        client = connected;
      }
      timed("ping", connected, UnifiedJedis::ping);
      pingSucceeded();
    } catch (RuntimeException e) {
      pingFailed(e);
    }
  }

  private void pingSucceeded() {
    if (state instanceof State.Down down) {
      long seconds = Duration.between(down.since(), clock.instant()).toSeconds();
      log.info("Redis is back: target={} downSeconds={}", target, seconds);
    } else if (state instanceof State.Connecting) {
      log.info("Redis is up: target={}", target);
    }
    state = new State.Up();
  }

  private void pingFailed(RuntimeException e) {
    if (!(state instanceof State.Down)) {
      log.warn(
          "Redis is down, state stays in this process until it is back: target={} reason={}",
          target,
          reason(e));
      state = new State.Down(clock.instant().truncatedTo(ChronoUnit.MILLIS));
    }
  }

  /**
   * The innermost cause says it best: "Connection refused" rather than "Could not get a resource".
   */
  private static String reason(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getClass().getSimpleName() + ": " + cause.getMessage();
  }

  /** Stops watching and closes every connection; waits for a ping in progress to time out. */
  @Override
  public void close() {
    if (executor == null) {
      return;
    }
    executor.shutdownNow();
    try {
      if (!executor.awaitTermination(4 * TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
        log.warn("a ping to Redis is still running: target={}", target);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    UnifiedJedis connected = client;
    if (connected != null) {
      connected.close();
    }
  }
}
