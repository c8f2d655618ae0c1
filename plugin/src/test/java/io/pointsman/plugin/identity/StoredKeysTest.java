package io.pointsman.plugin.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.identity.ApiKeyStore.Creation;
import io.pointsman.plugin.identity.Authentication.Accepted;
import io.pointsman.plugin.identity.Authentication.Refusal;
import io.pointsman.plugin.identity.Authentication.Refused;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two replicas that share a real Redis. */
@Timeout(120)
class StoredKeysTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final IdentitySettings SETTINGS =
      new IdentitySettings(null, null, true, UserPolicy.KNOWN, true, false);

  private final RedisProcess process = new RedisProcess();
  private Replica one;
  private Replica other;

  private static final class Replica implements AutoCloseable {
    final RedisMonitor redis;
    final ApiKeyStore store;
    final Authenticator authenticator;

    Replica(int port) throws Exception {
      redis =
          RedisMonitor.start(
              RedisTarget.parse("redis://127.0.0.1:" + port), new SimpleMeterRegistry());
      store = new ApiKeyStore(redis, "ns/release");
      authenticator = Authenticator.start(SETTINGS, "ns/release", redis, new SimpleMeterRegistry());
    }

    Authentication ask(String key) {
      return authenticator.authenticate("Bearer " + key, null);
    }

    boolean lets(String key) {
      return ask(key) instanceof Accepted;
    }

    boolean knowsNot(String key) {
      return ask(key).equals(new Refused(Refusal.UNKNOWN_KEY));
    }

    @Override
    public void close() {
      authenticator.close();
      redis.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    process.start();
    one = new Replica(process.port());
    other = new Replica(process.port());
    await().atMost(LONG).until(() -> one.redis.isUp() && other.redis.isUp());
    await().atMost(LONG).until(() -> one.knowsNot("x") && other.knowsNot("x"));
  }

  @AfterEach
  void stop() throws Exception {
    one.close();
    other.close();
    process.close();
  }

  private String create(String name, @Nullable String user, Limits limits) {
    return ((Creation.Created) one.store.create(name, user, limits)).secret();
  }

  @Test
  void aKeyThatOneReplicaCreatesAndRevokesIsFollowedByTheOther() {
    String key = create("jobs", "alice", new Limits(1, 2, 3));
    await().atMost(LONG).until(() -> one.lets(key) && other.lets(key));
    assertThat(other.ask(key))
        .isEqualTo(new Accepted(new Identity(Identity.Kind.KEY, "jobs", 1, 2, 3), "alice"));

    assertThat(other.store.revoke("jobs")).isTrue();
    await().atMost(LONG).until(() -> one.knowsNot(key) && other.knowsNot(key));
    assertThat(one.store.revoke("jobs")).isFalse();
  }

  @Test
  void aKeyWithoutLimitsOfItsOwnHasThoseOfItsUser() throws Exception {
    new UserStore(one.redis).create(new User("alice", 7, 8));
    String key = create("jobs", "alice", Limits.NONE);
    await().atMost(LONG).until(() -> !other.knowsNot(key));

    Authentication first = other.ask(key);

    var accepted =
        first instanceof Authentication.Pending pending
            ? pending.answer().get(30, TimeUnit.SECONDS)
            : first;
    var expected = new Accepted(new Identity(Identity.Kind.USER, "alice", 7, 8, 0), "alice");
    assertThat(accepted).isEqualTo(expected);
    assertThat(other.ask(key)).isEqualTo(expected);
  }

  @Test
  void aKeyOfAUserWhoIsNotStoredCountsForItself() throws Exception {
    String key = create("jobs", "bob", Limits.NONE);
    await().atMost(LONG).until(() -> !other.knowsNot(key));

    Authentication first = other.ask(key);

    var accepted =
        first instanceof Authentication.Pending pending
            ? pending.answer().get(30, TimeUnit.SECONDS)
            : first;
    assertThat(accepted)
        .isEqualTo(new Accepted(new Identity(Identity.Kind.KEY, "jobs", 0, 0, 0), "bob"));
  }

  @Test
  void onlyHashesAreStored() {
    String key = create("jobs", null, Limits.NONE);

    String stored =
        one.redis.run("test", client -> client.hgetAll("ns/release/{api-keys}/keys")).toString();

    assertThat(stored).contains(KeyHash.of(key).hex(), key.substring(0, 10)).doesNotContain(key);
    assertThat(one.store.list()).singleElement().extracting(ApiKey::name).isEqualTo("jobs");
  }

  @Test
  void namesAreGivenOnce() {
    create("jobs", null, Limits.NONE);

    assertThat(one.store.create("jobs", null, Limits.NONE)).isInstanceOf(Creation.NameTaken.class);
  }

  @Test
  void thereIsAMostOfKeys() {
    one.redis.run(
        "test",
        client -> {
          try (var pipeline = client.pipelined()) {
            for (int i = 0; i < ApiKeyStore.MAX_KEYS; i++) {
              pipeline.hset("ns/release/{api-keys}/keys", "k" + i, "not what we write");
            }
            pipeline.sync();
          }
          return "OK";
        });

    assertThat(one.store.create("jobs", null, Limits.NONE)).isInstanceOf(Creation.TooMany.class);
    assertThat(one.store.list()).isEmpty();
  }

  @Test
  void whileRedisIsAwayKeysStayAndAnEmptyOneGetsThemBack() throws Exception {
    String key = create("jobs", null, Limits.NONE);
    await().atMost(LONG).until(() -> one.lets(key) && other.lets(key));
    process.stop();
    await().atMost(LONG).until(() -> !one.redis.isUp() && !other.redis.isUp());
    assertThat(one.lets(key)).isTrue();
    assertThat(one.knowsNot("x")).isTrue();

    process.start();
    await().atMost(LONG).until(() -> one.redis.isUp() && !one.store.list().isEmpty());

    assertThat(one.store.list()).singleElement().extracting(ApiKey::name).isEqualTo("jobs");
    assertThat(one.lets(key) && other.lets(key)).isTrue();
    String second = create("second", null, Limits.NONE);
    await().atMost(LONG).until(() -> other.lets(second) && other.lets(key));
  }

  /** Both happen between two looks of a replica, as when a job makes a key after a restart. */
  @Test
  void aKeyThatIsMadeInAnEmptyRedisBeforeAReplicaLooksCostsNoOther() {
    String key = create("jobs", null, Limits.NONE);
    await().atMost(LONG).until(() -> one.lets(key) && other.lets(key));
    String second =
        ((Creation.Created) new ApiKeyStore(one.redis, "apart").create("second", null, Limits.NONE))
            .secret();

    one.redis.run(
        "test",
        client ->
            client.eval(
                """
                redis.call('DEL', 'ns/release/{api-keys}/merged')
                redis.call('RENAME', 'apart/{api-keys}/keys', 'ns/release/{api-keys}/keys')
                return redis.call('RENAME', 'apart/{api-keys}/version', 'ns/release/{api-keys}/version')
                """));

    await().atMost(LONG).until(() -> one.lets(second) && other.lets(second));
    await().atMost(LONG).until(() -> one.store.list().size() == 2);
    assertThat(one.lets(key) && other.lets(key)).isTrue();
    String third = create("third", null, Limits.NONE);
    await().atMost(LONG).until(() -> one.lets(third) && other.lets(third));
    assertThat(one.lets(key) && other.lets(key)).isTrue();
  }

  @Test
  void aReplicaThatHasNeverSeenTheKeysDoesNotSayThatOneIsWrong() throws Exception {
    process.stop();
    try (var late = new Replica(process.port())) {
      assertThat(late.ask("x")).isEqualTo(new Refused(Refusal.UNAVAILABLE));
      assertThat(late.authenticator.authenticate(null, null))
          .isEqualTo(new Refused(Refusal.MISSING_KEY));
    }
  }
}
