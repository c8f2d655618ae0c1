package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How often Envoy may ping, on a connection without a stream as well: HTTP/2 by hand. */
@Timeout(120)
class KeepaliveTest {
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int ACK = 1;

  /** gRPC forgives two pings that come too early. */
  private static final int PINGS = 6;

  /** Twice what the first test permits. */
  private static final long GAP_NANOS = 20_000_000;

  @TempDir private Path folder;

  @Test
  void pingsThatComeNoFasterThanTheSettingSaysAreAnswered() throws Exception {
    // By default gRPC would permit one in five minutes, and without a stream one in two hours.
    try (var fixture = start("10ms")) {
      assertThat(pingsAnswered(fixture)).isEqualTo(PINGS);
    }
  }

  @Test
  void pingsThatComeFasterEndTheConnection() throws Exception {
    try (var fixture = start("1h")) {
      assertThat(pingsAnswered(fixture)).isLessThan(PINGS);
    }
  }

  private PluginFixture start(String permitted) throws Exception {
    return PluginFixture.start(folder, Map.of(Setting.PERMIT_KEEPALIVE_TIME, permitted));
  }

  /** Sends a ping some time after the other has been answered, until the connection is ended. */
  private static int pingsAnswered(PluginFixture fixture) throws IOException {
    InetSocketAddress address = fixture.grpcAddress();
    int answered = 0;
    try (var socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout(30_000);
      var out = new DataOutputStream(socket.getOutputStream());
      var in = new DataInputStream(socket.getInputStream());
      out.writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      frame(out, SETTINGS, 0, new byte[0]);
      frame(out, SETTINGS, ACK, new byte[0]);
      while (answered < PINGS && isAnswered(out, in)) {
        answered++;
      }
    } catch (EOFException | SocketException e) {
      // Closed, with GOAWAY still on its way.
    }
    return answered;
  }

  private static boolean isAnswered(DataOutputStream out, DataInputStream in) throws IOException {
    long sent = System.nanoTime();
    frame(out, PING, 0, new byte[8]);
    while (true) {
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      int flags = in.readUnsignedByte();
      in.readInt();
      in.readNBytes(length);
      if (type == GOAWAY) {
        return false;
      } else if (type == PING && (flags & ACK) != 0) {
        while (System.nanoTime() - sent < GAP_NANOS) {
          Thread.onSpinWait();
        }
        return true;
      }
    }
  }

  private static void frame(DataOutputStream out, int type, int flags, byte[] payload)
      throws IOException {
    out.writeByte(payload.length >> 16);
    out.writeShort(payload.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(0);
    out.write(payload);
    out.flush();
  }
}
