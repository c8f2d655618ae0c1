package io.pointsman.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedisProcessTest {
  @TempDir Path folder;

  @Test
  void startsStopsPausesAndStartsAgainOnItsPort() throws IOException {
    try (var ports = new Ports();
        var redis = RedisProcess.start(ports.next(), folder)) {
      assertThat(ping(redis.port())).isEqualTo("+PONG");

      redis.pause();
      assertThatThrownBy(() -> ping(redis.port())).isInstanceOf(SocketTimeoutException.class);
      redis.resume();
      assertThat(ping(redis.port())).isEqualTo("+PONG");

      redis.stop();
      assertThat(Ports.isFree(redis.port())).isTrue();
      redis.start();
      assertThat(ping(redis.port())).isEqualTo("+PONG");

      redis.kill();
      assertThat(Ports.isFree(redis.port())).isTrue();
    }
  }

  private static String ping(int port) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(500);
      socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readNBytes(5), StandardCharsets.US_ASCII);
    }
  }
}
