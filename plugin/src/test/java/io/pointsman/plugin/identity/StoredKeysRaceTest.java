package io.pointsman.plugin.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.identity.ApiKeyStore.Creation;
import io.pointsman.plugin.redis.RedisCommands;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisSession;
import io.pointsman.plugin.redis.RedisTarget;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.UnifiedJedis;

/** What happens to a real Redis between two commands of one look of a replica. */
@Timeout(120)
class StoredKeysRaceTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final RedisProcess process = new RedisProcess();
  private final RedisProcess empty = new RedisProcess();
  private final Interrupted commands = new Interrupted();
  private RedisSession redis;
  private RedisSession emptyRedis;
  private ApiKeyStore store;
  private StoredKeys replica;

  /** Sends the replica's next commands to where they are told to go, then all to Redis. */
  private final class Interrupted implements RedisCommands {
    private final Queue<RedisCommands> next = new ArrayDeque<>();

    synchronized void then(List<? extends RedisCommands> ways) {
      next.addAll(ways);
    }

    synchronized boolean isOver() {
      return next.isEmpty();
    }

    @Override
    public synchronized <T extends @Nullable Object> T run(
        String kind, Function<UnifiedJedis, T> command) {
      RedisCommands way = next.poll();
      return way == null ? redis.run(kind, command) : way.run(kind, command);
    }
  }

  /** Redis, which loses all right after the command. */
  private final class EmptiedAfter implements RedisCommands {
    @Override
    public <T extends @Nullable Object> T run(String kind, Function<UnifiedJedis, T> command) {
      T answer = redis.run(kind, command);
      redis.run("test", client -> client.flushAll());
      return answer;
    }
  }

  @BeforeEach
  void start() throws Exception {
    redis = open(process);
    emptyRedis = open(empty);
    store = new ApiKeyStore(redis, "ns/release");
    replica = StoredKeys.start(new ApiKeyStore(commands, "ns/release"), new SimpleMeterRegistry());
  }

  private static RedisSession open(RedisProcess process) throws Exception {
    process.start();
    return RedisSession.open(RedisTarget.parse("redis://127.0.0.1:" + process.port()));
  }

  @AfterEach
  void stop() throws Exception {
    replica.close();
    redis.close();
    emptyRedis.close();
    process.close();
    empty.close();
  }

  private KeyHash create(String name) {
    Creation creation = store.create(name, null, Limits.NONE);
    return KeyHash.of(((Creation.Created) creation).secret());
  }

  private boolean has(KeyHash key) {
    return replica.find(key) != null;
  }

  private List<String> names() {
    return store.list().stream().map(ApiKey::name).toList();
  }

  /** Of whichever command of a look, as with the version read and the keys not yet. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aRedisThatIsEmptiedWhileAChangeIsReadIsGivenItsKeysBack(int commandsBefore) {
    KeyHash key = create("first");
    await().atMost(LONG).until(() -> has(key));

    synchronized (commands) {
      create("second");
      commands.then(Collections.nCopies(commandsBefore - 1, redis));
      commands.then(List.of(new EmptiedAfter()));
    }

    await().atMost(LONG).until(() -> commands.isOver() && names().contains("first"));
    assertThat(has(key)).isTrue();
  }

  /** The key was revoked longer ago than Redis remembers it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aKeyThatIsRevokedWhileAReplicaAsksAnEmptyNodeStaysRevoked(int commandsToEmpty) {
    KeyHash revoked = create("revoked");
    KeyHash kept = create("kept");
    await().atMost(LONG).until(() -> has(revoked) && has(kept));

    synchronized (commands) {
      store.revoke("revoked");
      redis.run("test", client -> client.del("ns/release/{api-keys}/revoked"));
      commands.then(Collections.nCopies(commandsToEmpty, emptyRedis));
    }

    await().atMost(LONG).until(() -> commands.isOver() && !has(revoked));
    assertThat(names()).containsExactly("kept");
    assertThat(has(kept)).isTrue();
  }
}
