package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SocketAddressTextTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.1:9000, 10.0.0.1:9000",
    "10.0.0.1, 10.0.0.1:8000",
    "255.255.255.255:65535, 255.255.255.255:65535",
    "0.0.0.0:1, 0.0.0.0:1",
    "localhost, 127.0.0.1:8000",
    "localhost:9, 127.0.0.1:9",
    "[::1]:8000, [::1]:8000",
    "[::1], [::1]:8000",
    "[0:0:0:0:0:0:0:1]:8000, [::1]:8000",
    "[FD00:0:0:1:0:0:0:000A]:70, [fd00:0:0:1::a]:70",
    "[2001:db8:0:1:1:1:1:1]:70, [2001:db8:0:1:1:1:1:1]:70",
    "[1:0:0:2:0:0:3:4]:70, [1::2:0:0:3:4]:70",
    "[fe80::]:70, [fe80::]:70",
    "[::]:70, [::]:70",
  })
  void anIpLiteralIsReadAndWrittenInOneForm(String text, String canonical) {
    assertThat(SocketAddressText.parse(text).text()).isEqualTo(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model-a:8000",
        "example.com",
        "Localhost",
        "10.0.0:8000",
        "10.0.0.256",
        "10.0.0.01",
        "10.0.0.1.",
        "10.0.0.1.2",
        "8000",
        " 10.0.0.1"
      })
  void aHostThatIsNoAddressIsRefusedWithTheReason(String text) {
    assertThatThrownBy(() -> SocketAddressText.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "expected ip:port, found \"%s\": the host must be an IP address, as Envoy dials it"
                + " without resolving",
            text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.1:",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "10.0.0.1:99999999999",
        "10.0.0.1:-1",
        "10.0.0.1:+1",
        "10.0.0.1:80a",
        "[::1]:",
        "[::1]8000",
        "[::1]x"
      })
  void aPortOutOfRangeIsRefused(String text) {
    assertThatThrownBy(() -> SocketAddressText.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("the port must be 1 to 65535");
  }

  @ParameterizedTest
  @CsvSource({
    "::1, must stand in brackets",
    "fd00::1:8000, must stand in brackets",
    "[::1, bracket is not closed",
    "[10.0.0.1]:8000, no IPv6 address",
    "[]:8000, no IPv6 address",
    "[fe80::1%eth0]:8000, no IPv6 address",
    "[1:2:3]:8000, no IPv6 address",
    "[:::]:8000, no IPv6 address",
    "[12345::]:8000, no IPv6 address",
    "[::ffff:10.0.0.1]:8000, must be written as IPv4",
  })
  void whatIsNoIpv6AddressInBracketsIsRefused(String text, String reason) {
    assertThatThrownBy(() -> SocketAddressText.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void theShortFormOfRandomIpv6AddressesMeansTheSameAddress() throws Exception {
    var random = new SplittableRandom(7);
    for (int round = 0; round < 2_000; round++) {
      byte[] bytes = new byte[16];
      for (int i = 0; i < 16; i += 2) {
        // Mostly zero groups, so that every shape of gap comes up.
        int group = random.nextInt(3) == 0 ? random.nextInt(0x10000) : 0;
        bytes[i] = (byte) (group >> 8);
        bytes[i + 1] = (byte) group;
      }
      bytes[0] = 0x20;
      InetAddress address = InetAddress.getByAddress(bytes);

      var parsed = SocketAddressText.parse("[" + address.getHostAddress() + "]:1");

      assertThat(InetAddress.getByName(parsed.host())).as(parsed.text()).isEqualTo(address);
      assertThat(SocketAddressText.parse(parsed.text())).isEqualTo(parsed);
    }
  }
}
