package io.pointsman.plugin.identity;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.identity.UserDirectory.Answer;
import io.pointsman.plugin.redis.RedisCommands;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** On a real Redis, by a clock of its own. */
@Timeout(120)
class UserDirectoryTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final AtomicLong now = new AtomicLong(1);
  private final AtomicInteger roundTrips = new AtomicInteger();
  private final RedisProcess process = new RedisProcess();
  private volatile boolean away;
  private volatile CountDownLatch gate = new CountDownLatch(0);
  private RedisMonitor redis;
  private UserStore store;
  private UserDirectory users;

  /** The real Redis, which a test can hold up or take away. */
  private final class Link implements RedisCommands {
    @Override
    public <T> T run(String kind, Function<UnifiedJedis, T> command) {
      try {
        gate.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new JedisConnectionException(e);
      }
      if (away) {
        throw new JedisConnectionException("Redis is down");
      }
      roundTrips.incrementAndGet();
      return redis.run(kind, command);
    }
  }

  @BeforeEach
  void start() throws Exception {
    process.start();
    redis = RedisMonitor.start(RedisTarget.parse("redis://127.0.0.1:" + process.port()), meters);
    await().atMost(LONG).until(redis::isUp);
    store = new UserStore(redis);
    users = new UserDirectory(new UserStore(new Link()), meters, now::get);
  }

  @AfterEach
  void stop() throws Exception {
    users.close();
    redis.close();
    process.close();
  }

  private Answer ask(String name) throws Exception {
    return users.ask(name).get(30, TimeUnit.SECONDS);
  }

  private static Identity identity(@Nullable Answer answer) {
    Identity known = ((Answer.Stored) requireNonNull(answer)).accepted().identity();
    return requireNonNull(known);
  }

  @Test
  void aUserIsAskedForOnceAndThenRemembered() throws Exception {
    store.create(new User("alice", 7, 0));
    assertThat(users.remembered("alice")).isNull();

    assertThat(identity(ask("alice")))
        .isEqualTo(new Identity(Identity.Kind.USER, "alice", 7, 7000, 0));
    for (int i = 0; i < 1000; i++) {
      assertThat(identity(users.remembered("alice")).requestsPerMinute()).isEqualTo(7);
    }
    assertThat(roundTrips).hasValue(1);
  }

  @Test
  void aChangeIsFeltAfterAWhileWithoutAnyRequestWaiting() throws Exception {
    store.create(new User("alice", 7, 0));
    ask("alice");
    store.update(new User("alice", 8, 0));

    now.addAndGet(UserDirectory.FRESH_NANOS + 1);
    assertThat(identity(users.remembered("alice")).requestsPerMinute()).isEqualTo(7);
    await().atMost(LONG).until(() -> identity(users.remembered("alice")).requestsPerMinute() == 8);
  }

  @Test
  void whatIsOldIsAskedForAgainBeforeItCounts() throws Exception {
    store.create(new User("alice", 7, 0));
    ask("alice");
    store.delete("alice");

    now.addAndGet(UserDirectory.STALE_NANOS + 1);

    assertThat(users.remembered("alice")).isNull();
    assertThat(ask("alice")).isInstanceOf(Answer.NotStored.class);
    assertThat(users.remembered("alice")).isInstanceOf(Answer.NotStored.class);
  }

  @Test
  void anUnknownUserIsRememberedBriefly() throws Exception {
    assertThat(ask("bob")).isInstanceOf(Answer.NotStored.class);
    assertThat(users.remembered("bob")).isInstanceOf(Answer.NotStored.class);
    store.create(new User("bob", 1, 1));

    now.addAndGet(UserDirectory.UNKNOWN_NANOS);

    assertThat(users.remembered("bob")).isNull();
    assertThat(identity(ask("bob")).tokensPerMinute()).isOne();
  }

  @Test
  void whileRedisIsAwayWhoWasKnownStaysKnown() throws Exception {
    store.create(new User("alice", 7, 0));
    ask("alice");
    away = true;
    now.addAndGet(10 * UserDirectory.STALE_NANOS);

    assertThat(identity(ask("alice")).requestsPerMinute()).isEqualTo(7);
    assertThat(identity(users.remembered("alice")).requestsPerMinute()).isEqualTo(7);
    assertThat(ask("bob")).isInstanceOf(Answer.NotTold.class);
    assertThat(users.remembered("bob")).isNull();
  }

  @Test
  void aValueThatIsNoUserIsNone() throws Exception {
    redis.run("test", client -> client.set("aibrix-users/text", "no json"));
    redis.run("test", client -> client.lpush("aibrix-users/list", "x"));
    store.create(new User("alice", 7, 0));
    gate = new CountDownLatch(1);
    var answers = new ArrayList<CompletableFuture<Answer>>();
    for (String name : new String[] {"first", "text", "list", "alice"}) {
      answers.add(users.ask(name));
    }
    gate.countDown();

    for (int i = 0; i < 3; i++) {
      assertThat(answers.get(i).get(30, TimeUnit.SECONDS)).isInstanceOf(Answer.NotStored.class);
    }
    assertThat(identity(answers.get(3).get(30, TimeUnit.SECONDS)).id()).isEqualTo("alice");
  }

  @Test
  void manyWhoAskForOneUserShareALookUp() throws Exception {
    gate = new CountDownLatch(1);
    CompletableFuture<Answer> one = users.ask("alice");

    assertThat(users.ask("alice")).isSameAs(one);
    gate.countDown();
    assertThat(one.get(30, TimeUnit.SECONDS)).isInstanceOf(Answer.NotStored.class);
  }

  @Test
  void neitherMemoryNorQueueGrowsWithoutBound() throws Exception {
    gate = new CountDownLatch(1);
    int asked = 3 * UserDirectory.MAX_WAITING;
    var answers = new ArrayList<CompletableFuture<Answer>>();
    for (int i = 0; i < asked; i++) {
      answers.add(users.ask("user-" + i));
    }
    long refused = answers.stream().filter(CompletableFuture::isDone).count();
    assertThat(refused).isBetween((long) asked - UserDirectory.MAX_WAITING - 256, (long) asked);
    gate.countDown();
    for (CompletableFuture<Answer> answer : answers) {
      answer.get(30, TimeUnit.SECONDS);
    }
    for (int i = 0; i < 100; i++) {
      ask("other-" + i);
    }
    assertThat(users.remembered()).isLessThanOrEqualTo(UserDirectory.MAX_UNKNOWN);
    assertThat(roundTrips.get()).as("batches").isLessThan(asked / 10);
  }

  @Test
  void namesThatNobodyCanHaveCostNoLookUp() {
    assertThat(users.remembered("x".repeat(1000))).isInstanceOf(Answer.NotStored.class);
    assertThat(users.remembered("a\nb")).isInstanceOf(Answer.NotStored.class);
    assertThat(roundTrips).hasValue(0);
  }
}
