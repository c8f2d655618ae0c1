package io.pointsman.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

class PortsTest {
  @Test
  void neverHandsOutAPortTwice() {
    try (var one = new Ports();
        var other = new Ports()) {
      var seen = new HashSet<Integer>();
      for (int i = 0; i < 100; i++) {
        assertThat(seen.add(one.next())).isTrue();
        assertThat(seen.add(other.next())).isTrue();
      }
    }
  }

  @Test
  void portsLieBelowTheKernelsRangeForOutgoingConnections() {
    try (var ports = new Ports()) {
      assertThat(ports.next()).isBetween(20_000, 29_999);
    }
  }

  @Test
  void aPortWithAListenerIsNotFree() throws Exception {
    try (var ports = new Ports()) {
      int port = ports.next();
      assertThat(Ports.isFree(port)).isTrue();
      try (var listener = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        assertThat(Ports.isFree(listener.getLocalPort())).isFalse();
      }
      assertThat(Ports.isFree(port)).isTrue();
    }
  }
}
