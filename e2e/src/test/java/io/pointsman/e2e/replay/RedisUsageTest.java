package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ports;
import io.pointsman.e2e.harness.RedisProcess;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

class RedisUsageTest {
  @Test
  void countsWhatHappenedBetweenTwoReadings(@TempDir Path folder) {
    try (var ports = new Ports();
        var redis = RedisProcess.start(ports.next(), folder);
        var jedis = new Jedis("127.0.0.1", redis.port())) {
      jedis.set("before", "1");
      RedisUsage before = RedisUsage.read(redis.port());
      jedis.set("a", "x".repeat(100_000));
      jedis.get("a");
      jedis.get("a");

      RedisUsage usage = RedisUsage.read(redis.port()).since(before);

      assertThat(usage.calls()).containsEntry("SET", 1L).containsEntry("GET", 2L);
      assertThat(usage.calls()).doesNotContainKey("INFO");
      assertThat(usage.inputBytes()).isBetween(100_000L, 101_000L);
      assertThat(usage.outputBytes()).isBetween(200_000L, 220_000L);
      assertThat(usage.memoryBytes()).isBetween(80_000L, 300_000L);
    }
  }

  @Test
  void readsTheSectionsThatMatter() {
    RedisUsage usage =
        RedisUsage.parse(
            """
            # Memory
            used_memory:1024
            used_memory_human:1K
            # Stats
            total_net_input_bytes:20
            total_net_output_bytes:30
            # Commandstats
            cmdstat_xadd:calls=7,usec=9,usec_per_call=1.28
            cmdstat_info:calls=2,usec=9,usec_per_call=4.5
            """
                .replace("\n", "\r\n"));

    assertThat(usage).isEqualTo(new RedisUsage(Map.of("XADD", 7L), 20, 30, 1024));
    assertThat(usage.commands()).isEqualTo(7);
  }
}
