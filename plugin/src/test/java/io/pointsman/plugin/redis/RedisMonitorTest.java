package io.pointsman.plugin.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class RedisMonitorTest {
  private static final Instant NOW = Instant.parse("2026-11-21T08:00:00Z");
  private static final Duration LONG = Duration.ofSeconds(30);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);

  @Test
  void unset_isOffAndHasNoGauge() {
    try (var monitor = RedisMonitor.start(null, registry, clock)) {
      assertThat(monitor.status()).isEqualTo("off");
      assertThat(monitor.isUp()).isFalse();
      assertThat(registry.find("pointsman.redis.up").gauge()).isNull();
    }
  }

  @Test
  void unreachableAtStart_isDownUntilItComes() throws Exception {
    try (var redis = new RedisProcess();
        var monitor = start("redis://127.0.0.1:" + redis.port())) {
      awaitStatus(monitor, "down since 2026-11-21T08:00:00Z");
      assertThat(up()).isZero();

      redis.start();
      awaitStatus(monitor, "up");
      assertThat(up()).isEqualTo(1);
    }
  }

  @Test
  void goingAwayAndComingBackIsNoticed() throws Exception {
    try (var redis = new RedisProcess().start();
        var monitor = start("redis://127.0.0.1:" + redis.port())) {
      awaitStatus(monitor, "up");
      redis.stop();
      awaitStatus(monitor, "down since 2026-11-21T08:00:00Z");
      redis.start();
      awaitStatus(monitor, "up");
    }
  }

  @Test
  void pausedRedisIsDown_theConnectionBeingThereIsNotEnough() throws Exception {
    try (var redis = new RedisProcess().start();
        var monitor = start("redis://127.0.0.1:" + redis.port())) {
      awaitStatus(monitor, "up");
      redis.pause();
      awaitStatus(monitor, "down since 2026-11-21T08:00:00Z");
      redis.resume();
      awaitStatus(monitor, "up");
    }
  }

  @Test
  void manyCommandsMayWaitInRedisAtOnceAndItStaysUp() throws Exception {
    int commands = 65;
    try (var redis = new RedisProcess().start();
        var monitor = start("redis://127.0.0.1:" + redis.port())) {
      awaitStatus(monitor, "up");
      ExecutorService threads = Executors.newFixedThreadPool(commands);
      try {
        var waiting = new ArrayList<Future<?>>();
        for (int i = 0; i < commands; i++) {
          waiting.add(
              threads.submit(
                  () -> monitor.run("test", client -> client.blpop(0.5, "nothing comes here"))));
        }
        for (Future<?> each : waiting) {
          assertThat(each.get()).isNull();
        }
        assertThat(monitor.isUp()).isTrue();
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  void passwordAndDatabaseAreUsed() throws Exception {
    try (var redis = new RedisProcess("--requirepass", "p@ss").start();
        var right = start("redis://:p%40ss@127.0.0.1:" + redis.port() + "/2")) {
      awaitStatus(right, "up");
    }
  }

  @Test
  void wrongPasswordIsDown() throws Exception {
    try (var redis = new RedisProcess("--requirepass", "p@ss").start();
        var wrong = start("redis://:other@127.0.0.1:" + redis.port())) {
      awaitStatus(wrong, "down since 2026-11-21T08:00:00Z");
    }
  }

  @Test
  void aclUserIsUsed() throws Exception {
    try (var redis = new RedisProcess("--user", "app", "on", ">secret", "~*", "+@all").start();
        var monitor = start("redis://app:secret@127.0.0.1:" + redis.port())) {
      awaitStatus(monitor, "up");
    }
  }

  @Test
  void plainRedisBehindTlsUrlIsDown() throws Exception {
    try (var redis = new RedisProcess().start();
        var monitor = start("rediss://127.0.0.1:" + redis.port())) {
      awaitStatus(monitor, "down since 2026-11-21T08:00:00Z");
    }
  }

  /** A peer that accepts and says nothing must cost the monitor a time-out, not its thread. */
  @Test
  void silentPeerIsDown_andLeavingItEndsAtOnce() throws Exception {
    try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var monitor = start("redis://127.0.0.1:" + silent.getLocalPort())) {
      awaitStatus(monitor, "down since 2026-11-21T08:00:00Z");
    }
  }

  private RedisMonitor start(String url) {
    return RedisMonitor.start(RedisTarget.parse(url), registry, clock);
  }

  private double up() {
    Gauge gauge = registry.get("pointsman.redis.up").gauge();
    return gauge.value();
  }

  private static void awaitStatus(RedisMonitor monitor, String status) {
    await().atMost(LONG).until(monitor::status, status::equals);
  }
}
