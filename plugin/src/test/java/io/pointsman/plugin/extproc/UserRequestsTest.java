package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.User;
import io.pointsman.plugin.identity.UserPolicy;
import io.pointsman.plugin.identity.UserStore;
import io.pointsman.plugin.redis.RedisCommands;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** Requests with the header {@code user}, with users in a real Redis. */
@Timeout(60)
class UserRequestsTest {
  private static RedisProcess process;
  private static RedisMonitor redis;

  @BeforeAll
  static void start() throws Exception {
    process = new RedisProcess().start();
    redis =
        RedisMonitor.start(
            RedisTarget.parse("redis://127.0.0.1:" + process.port()), new SimpleMeterRegistry());
    await().atMost(Duration.ofSeconds(30)).until(redis::isUp);
    new UserStore(redis).create(new User("alice", 5, 0));
  }

  @AfterAll
  static void stop() throws Exception {
    redis.close();
    process.close();
  }

  private static Authenticator authenticator(
      UserPolicy users, boolean open, RedisCommands commands) {
    var settings = new IdentitySettings(null, null, false, users, open, false);
    try {
      return Authenticator.start(settings, "test", commands, new SimpleMeterRegistry());
    } catch (ConfigException e) {
      throw new AssertionError(e);
    }
  }

  /** Lets no command through before it is opened. */
  private record Gate(CountDownLatch opened) implements RedisCommands {
    @Override
    public <T> T run(String kind, Function<UnifiedJedis, T> command) {
      try {
        opened.await();
      } catch (InterruptedException e) {
        throw new JedisConnectionException(e);
      }
      return redis.run(kind, command);
    }
  }

  /** Stands for a Redis that is known to be down. */
  private record Away() implements RedisCommands {
    @Override
    public <T> T run(String kind, Function<UnifiedJedis, T> command) {
      throw new JedisConnectionException("Redis is down");
    }
  }

  @Test
  void aStoredUserIsRoutedAfterItsLookUpAndTheNextTimeAtOnce() {
    var gate = new CountDownLatch(1);
    try (var users = authenticator(UserPolicy.KNOWN, false, new Gate(gate));
        var fixture = new ExtProcFixture(users)) {
      var first = fixture.open().chatHeaders("user", "alice").body(CHAT);
      assertThat(first.pending()).isZero();

      gate.countDown();
      assertThat(first.reply().hasRequestHeaders()).isTrue();
      assertThat(first.reply().hasRequestBody()).isTrue();

      var second = fixture.open().chatHeaders("user", "alice");
      assertThat(second.pending()).isOne();
    }
  }

  @Test
  void aStreamThatEndsWhileItsUserIsLookedUpLeavesNothing() {
    var gate = new CountDownLatch(1);
    try (var users = authenticator(UserPolicy.KNOWN, false, new Gate(gate));
        var fixture = new ExtProcFixture(users)) {
      var left = fixture.open().chatHeaders("user", "alice");
      var stays = fixture.open().chatHeaders("user", "alice");
      left.cancel();

      gate.countDown();

      assertThat(stays.reply().hasRequestHeaders()).isTrue();
      assertThat(fixture.service.openStreams()).isOne();
      assertThat(fixture.inFlight()).isZero();
    }
  }

  @Test
  void anUnknownUserIs401ByTheContractsHeader() {
    try (var users = authenticator(UserPolicy.KNOWN, true, redis);
        var fixture = new ExtProcFixture(users)) {
      ImmediateResponse refusal =
          fixture.open().chatHeaders("user", "nobody").reply().getImmediateResponse();

      assertThat(refusal.getStatus().getCodeValue()).isEqualTo(401);
      assertThat(FakeEnvoy.set(refusal.getHeaders())).containsEntry("x-error-user", "true");
      assertThat(refusal.getBody().toStringUtf8()).contains("\"param\":\"user\"");
    }
  }

  @Test
  void aRequestOfNoUserPasses() {
    try (var users = authenticator(UserPolicy.KNOWN, true, redis);
        var fixture = new ExtProcFixture(users)) {
      assertThat(fixture.open().chatHeaders().reply().hasRequestHeaders()).isTrue();
    }
  }

  @Test
  void anUnknownUserPassesWhereAnyMay() {
    try (var users = authenticator(UserPolicy.ANY, false, redis);
        var fixture = new ExtProcFixture(users)) {
      var envoy = fixture.open().chatHeaders("user", "nobody");

      assertThat(envoy.reply().hasRequestHeaders()).isTrue();
    }
  }

  @Test
  void withoutRedisAUserPassesOrIs503BySettingAndNever500() {
    try (var open = authenticator(UserPolicy.KNOWN, true, new Away());
        var closed = authenticator(UserPolicy.KNOWN, false, new Away());
        var passing = new ExtProcFixture(open);
        var refusing = new ExtProcFixture(closed)) {
      assertThat(passing.open().chatHeaders("user", "alice").reply().hasRequestHeaders()).isTrue();

      ImmediateResponse refusal =
          refusing.open().chatHeaders("user", "alice").reply().getImmediateResponse();
      assertThat(refusal.getStatus().getCodeValue()).isEqualTo(503);
      assertThat(FakeEnvoy.set(refusal.getHeaders()))
          .containsEntry("x-error-user", "true")
          .containsEntry("retry-after", "1");
    }
  }
}
