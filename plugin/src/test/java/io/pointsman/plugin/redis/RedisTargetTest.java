package io.pointsman.plugin.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pointsman.plugin.redis.RedisTarget.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.HostAndPort;

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
        "redis://a:sec%ret@cache",
        "redis://one,two",
        "redis-sentinel://one,two",
        "redis-sentinel://one?master=",
        "redis-sentinel://one,,two?master=m",
        "redis-cluster://one/1",
        "redis-cluster://one?master=m",
        "redis-other://one"
      })
  void whatIsNoRedisUrlIsRefusedWithoutRepeatingIt(String url) {
    assertThatThrownBy(() -> RedisTarget.parse(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessageStartingWith("expected redis://[[user]:password@]host[:port][/database], ");
  }

  @Test
  void sentinelsAndClustersAreReadWithAllTheirNodes() {
    assertThat(RedisTarget.parse("redis-sentinel://a:p@one,two:7000,[::1]:7001/2?master=main"))
        .isEqualTo(
            new RedisTarget(
                Kind.SENTINEL,
                List.of(
                    new HostAndPort("one", 26379),
                    new HostAndPort("two", 7000),
                    new HostAndPort("::1", 7001)),
                "main",
                "a",
                "p",
                2,
                false));
    assertThat(RedisTarget.parse("rediss-cluster://one:7000,two"))
        .isEqualTo(
            new RedisTarget(
                Kind.CLUSTER,
                List.of(new HostAndPort("one", 7000), new HostAndPort("two", 6379)),
                null,
                null,
                null,
                0,
                true));
  }

  @Test
  void passwordIsMaskedInPrint() {
    assertThat(RedisTarget.parse("rediss-sentinel://a:p@one,two:7000/2?master=main"))
        .hasToString("rediss-sentinel://a:***@one:26379,two:7000/2?master=main");
    assertThat(RedisTarget.parse("redis://app:secret@cache/2"))
        .hasToString("redis://app:***@cache:6379/2");
    assertThat(RedisTarget.parse("rediss://:secret@[::1]"))
        .hasToString("rediss://:***@[::1]:6379/0");
    assertThat(RedisTarget.parse("redis://cache")).hasToString("redis://cache:6379/0");
  }
}
