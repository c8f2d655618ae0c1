package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;
import redis.embedded.core.ExecutableProvider;

/** Starts a real Redis by the command line and on the configuration of the chart's pod. */
class RedisPodTest {
  private static final String COMMAND = "spec.template.spec.containers[redis].command";

  @TempDir private Path folder;
  private final int port = freePort();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain",
        "with spaces, \"quotes\" and 'others'",
        "\\ and \\\\ and \\n and \\x41 and \\\"",
        "# % & / $HOME `id` $(id)",
        "-e",
        "pässwörd ✓",
        "two\nlines",
        "a line's end\n"
      })
  void itAsksForThePasswordAsItIs(String password) throws Exception {
    Process redis = start(password);
    try {
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> !redis.isAlive() || takesConnections());

      assertThat(redis.isAlive()).as(output()).isTrue();
      assertThat(ping(password)).isEqualTo("PONG");
      assertThatThrownBy(() -> ping(password + " ")).hasMessageContaining("WRONGPASS");
      assertThatThrownBy(() -> ping(null)).hasMessageContaining("NOAUTH");
    } finally {
      redis.destroyForcibly().waitFor();
    }
  }

  @Test
  void withAnEmptyPasswordItDoesNotStartRatherThanBeOpenToAll() throws Exception {
    assertThat(start("").waitFor()).isNotZero();
    assertThat(output()).contains("REDIS_PASSWORD", "must not be empty");
  }

  private Process start(String password) throws IOException {
    Rendered rendered = Chart.render("metadata: {redis: {enablePassword: true}}");
    Files.writeString(
        folder.resolve("redis.conf"),
        ((String) rendered.at("ConfigMap/rel-redis-master", "data.redis.conf"))
                .replace("dir /data", "dir " + folder)
            + "\nbind 127.0.0.1\nport "
            + port);
    Files.copy(
        ExecutableProvider.newJarResourceProvider().get().toPath(),
        folder.resolve("redis-server"),
        StandardCopyOption.COPY_ATTRIBUTES);
    String script =
        ((String) rendered.at("StatefulSet/rel-redis-master", COMMAND + "[2]"))
            .replace("/etc/redis", folder.toString());
    var builder =
        new ProcessBuilder("sh", "-ec", script)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile());
    builder.environment().put("REDIS_PASSWORD", password);
    builder.environment().put("PATH", folder + ":" + System.getenv("PATH"));
    return builder.start();
  }

  private boolean takesConnections() {
    try {
      ping("some other");
      return true;
    } catch (JedisConnectionException e) {
      return false;
    } catch (JedisException e) {
      return true;
    }
  }

  private String ping(@Nullable String password) {
    var config =
        DefaultJedisClientConfig.builder().serverDefaultProtocol().password(password).build();
    try (var jedis = new Jedis(new HostAndPort("127.0.0.1", port), config)) {
      return jedis.ping();
    }
  }

  private String output() throws IOException {
    return Files.readString(folder.resolve("output"));
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
