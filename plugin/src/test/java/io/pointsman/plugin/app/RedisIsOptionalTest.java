package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.PluginFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pointsman.plugin.redis.RedisProcess;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rule 4 of the wire contract: whatever Redis does, requests are decided and readiness stays. */
@Timeout(120)
class RedisIsOptionalTest {
  @TempDir private Path folder;

  @Test
  void unset() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      assertThat(redis(fixture)).isEqualTo("off");
      assertServes(fixture);
      assertThat(fixture.get("/metrics").body()).doesNotContain("pointsman_redis_up");
    }
  }

  @Test
  void unreachableAtStart_comes_goes_hangs_comesBack() throws Exception {
    try (var server = new RedisProcess();
        var fixture = PluginFixture.ready(folder, at(server))) {
      await().atMost(LONG).until(() -> redis(fixture).startsWith("down since 20"));
      assertServes(fixture);
      assertThat(fixture.get("/metrics").body()).contains("\npointsman_redis_up 0.0\n");

      server.start();
      await().atMost(LONG).until(() -> redis(fixture).equals("up"));
      assertServes(fixture);
      assertThat(fixture.get("/metrics").body()).contains("\npointsman_redis_up 1.0\n");

      server.stop();
      await().atMost(LONG).until(() -> redis(fixture).startsWith("down since 20"));
      assertServes(fixture);

      server.start();
      await().atMost(LONG).until(() -> redis(fixture).equals("up"));
      server.pause();
      assertServes(fixture);
      await().atMost(LONG).until(() -> redis(fixture).startsWith("down since 20"));
      assertServes(fixture);

      server.resume();
      await().atMost(LONG).until(() -> redis(fixture).equals("up"));
      assertServes(fixture);
    }
  }

  private static Map<Setting, String> at(RedisProcess server) {
    return Map.of(
        Setting.REDIS_HOST, "127.0.0.1", Setting.REDIS_PORT, Integer.toString(server.port()));
  }

  private static String redis(PluginFixture fixture) {
    return fixture.readyz().get("redis").getAsString();
  }

  private static void assertServes(PluginFixture fixture) {
    assertThat(fixture.get("/readyz").statusCode()).isEqualTo(200);
    fixture.open().decided().halfClose();
  }
}
