package io.pointsman.plugin.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedisTargetTest {
  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "redis://cache, cache, 6379, -, -, 0, false",
        "redis://cache:7000/, cache, 7000, -, -, 0, false",
        "redis://:secret@cache/3, cache, 6379, -, secret, 3, false",
        "redis://app:secret@cache:7000/3, cache, 7000, app, secret, 3, false",
        "rediss://app:p%40s%3As+%2B@cache, cache, 6379, app, p@s:s++, 0, true",
        "redis://[::1]:7000, ::1, 7000, -, -, 0, false"
      })
  void everyFormOfUrlIsRead(
      String url, String host, int port, String user, String password, int database, boolean tls) {
    assertThat(RedisTarget.parse(url))
        .isEqualTo(new RedisTarget(host, port, user, password, database, tls));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "cache:6379",
        "http://cache",
        "redis://",
        "redis://secret@cache",
        "redis://a:secret@cache/x",
        "redis://a:secret@cache/-1",
        "redis://a:secret@cache:0",
        "redis://a:secret@cache:70000",
        "redis://a:secret@cache?timeout=5",
        "redis://a:sec ret@cache",
        "redis://a:sec%ret@cache"
      })
  void whatIsNoRedisUrlIsRefusedWithoutRepeatingIt(String url) {
    assertThatThrownBy(() -> RedisTarget.parse(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessage(
            "expected redis://[[user]:password@]host[:port][/database], or rediss:// for TLS");
  }

  @Test
  void passwordIsMaskedInPrint() {
    assertThat(RedisTarget.parse("redis://app:secret@cache/2"))
        .hasToString("redis://app:***@cache:6379/2");
    assertThat(RedisTarget.parse("rediss://:secret@[::1]"))
        .hasToString("rediss://:***@[::1]:6379/0");
    assertThat(RedisTarget.parse("redis://cache")).hasToString("redis://cache:6379/0");
  }
}
