package io.pointsman.common;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BindAddressTest {
  @ParameterizedTest
  @CsvSource({
    ":50052, '', 50052",
    "0.0.0.0:50052, 0.0.0.0, 50052",
    "127.0.0.1:0, 127.0.0.1, 0",
    "localhost:65535, localhost, 65535",
    "[::1]:8080, ::1, 8080",
    "[::]:8080, ::, 8080"
  })
  void everyFormOperatorsUseIsRead(String text, String host, int port) {
    assertThat(BindAddress.parse(text)).isEqualTo(new BindAddress(host, port)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "50052",
        "::1:8080",
        "[::1]",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[host]:80",
        "a b:80",
        "host:",
        "host:65536",
        "host:-1",
        "host:+1",
        "host:8o",
        "host:080808",
        "http://host:80"
      })
  void whatIsNoAddressIsRefusedWithTheFormThatIsExpected(String text) {
    assertThatThrownBy(() -> BindAddress.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected HOST:PORT or :PORT, found \"" + text + "\"");
  }

  @Test
  void noHostMeansAllInterfaces() {
    assertThat(BindAddress.parse(":80").toSocketAddress().getAddress().isAnyLocalAddress())
        .isTrue();
    assertThat(BindAddress.parse("[::1]:80").toSocketAddress().getAddress().isLoopbackAddress())
        .isTrue();
  }
}
