package io.pointsman.plugin.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Protocol;

/** Commands reach a real cluster (of one node) and a real server behind a real Sentinel. */
@Timeout(120)
class RedisKindsTest {
  private static final CommandArguments TIME = new CommandArguments(Protocol.Command.TIME);
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path folder;

  @Test
  void aClusterIsUsed() throws Exception {
    try (var node = RedisProcess.startCluster(folder)) {
      assertCommandsWork("redis-cluster://127.0.0.1:" + node.port());
    }
  }

  @Test
  void theServerThatSentinelsNameIsUsed() throws Exception {
    try (var server = new RedisProcess().start()) {
      Path config =
          Files.writeString(
              folder.resolve("sentinel.conf"),
              "sentinel monitor main 127.0.0.1 " + server.port() + " 1\n");
      try (var sentinel = RedisProcess.sentinel(config).start()) {
        assertCommandsWork("redis-sentinel://127.0.0.1:" + sentinel.port() + "?master=main");
      }
    }
  }

  private static void assertCommandsWork(String url) {
    try (var redis = RedisMonitor.start(RedisTarget.parse(url), new SimpleMeterRegistry())) {
      await().atMost(LONG).until(redis::isUp);
      redis.run("test", client -> client.set("{tag}/key", "value"));
      assertThat(redis.<String>run("test", client -> client.get("{tag}/key"))).isEqualTo("value");
      assertThat(redis.<Object>run("test", client -> client.executeCommand(TIME)))
          .as("a command without a key")
          .asInstanceOf(LIST)
          .hasSize(2);
    }
  }
}
