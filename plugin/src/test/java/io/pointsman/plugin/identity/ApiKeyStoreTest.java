package io.pointsman.plugin.identity;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.identity.ApiKeyStore.Creation;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisSession;
import io.pointsman.plugin.redis.RedisTarget;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A real Redis that loses its data, and replicas that know more or less of it. */
@Timeout(120)
class ApiKeyStoreTest {
  private final RedisProcess process = new RedisProcess();
  private RedisSession redis;
  private ApiKeyStore store;

  /** What a replica knows. */
  private record Known(KeyListVersion version, List<ApiKey> keys) {}

  @BeforeEach
  void start() throws Exception {
    process.start();
    redis = RedisSession.open(RedisTarget.parse("redis://127.0.0.1:" + process.port()));
    store = new ApiKeyStore(redis, "ns/release");
  }

  @AfterEach
  void stop() throws Exception {
    redis.close();
    process.close();
  }

  private void create(String name) {
    assertThat(store.create(name, null, Limits.NONE)).isInstanceOf(Creation.Created.class);
  }

  private Known look() {
    ApiKeyStore.KeyList list = store.read();
    assertThat(list.version()).isEqualTo(store.version());
    return new Known(requireNonNull(list.version()), list.keys());
  }

  private void lose() {
    redis.run("test", client -> client.flushAll());
  }

  private boolean merge(Known known) {
    return store.merge(known.version(), known.keys()).ours();
  }

  private List<String> names() {
    return store.list().stream().map(ApiKey::name).toList();
  }

  @Test
  void eachChangeIsAnotherVersionOfTheSameEpoch() {
    assertThat(store.version()).isNull();
    create("a");
    KeyListVersion first = look().version();
    create("b");
    KeyListVersion second = look().version();
    store.revoke("a");
    store.revoke("a");
    KeyListVersion third = look().version();
    store.revoke("b");

    assertThat(List.of(first.count(), second.count(), third.count())).containsExactly(1L, 2L, 3L);
    assertThat(List.of(second.epoch(), third.epoch(), look().version().epoch()))
        .containsOnly(first.epoch());
    assertThat(names()).isEmpty();
  }

  @Test
  void anEmptyRedisIsGivenItsKeysBackOnce() {
    create("a");
    create("b");
    Known known = look();
    lose();

    assertThat(merge(known)).isTrue();
    assertThat(merge(known)).isFalse();
    assertThat(store.list()).isEqualTo(known.keys());
    assertThat(look().version().epoch()).isNotEqualTo(known.version().epoch());
  }

  @Test
  void aKeyThatWasMadeMeanwhileStaysAsItIs() {
    create("a");
    create("b");
    Known known = look();
    lose();
    create("b");
    ApiKey made = store.list().get(0);

    assertThat(merge(known)).isTrue();

    assertThat(store.list()).hasSize(2).contains(made);
  }

  @Test
  void whatAReplicaWithALaterListSawRevokedDoesNotStay() {
    create("a");
    create("b");
    Known old = look();
    store.revoke("a");
    Known later = look();
    lose();
    create("c");

    assertThat(merge(old)).isTrue();
    assertThat(names()).containsExactly("a", "b", "c");
    assertThat(merge(later)).isTrue();

    assertThat(names()).containsExactly("b", "c");
    assertThat(merge(old)).isFalse();
  }

  @Test
  void whatIsRevokedAfterTheLossDoesNotComeBack() {
    create("a");
    create("b");
    create("c");
    Known old = look();
    create("d");
    Known later = look();
    lose();

    assertThat(store.revoke("a")).isFalse();
    assertThat(merge(old)).isTrue();
    assertThat(names()).containsExactly("b", "c");
    assertThat(store.revoke("b")).isTrue();
    assertThat(merge(later)).isTrue();

    assertThat(names()).containsExactly("c", "d");
    create("a");
    assertThat(names()).containsExactly("a", "c", "d");
  }

  @Test
  void aListOfAVersionWithoutCountsGoesOnAsItsOwnEpoch() {
    redis.run("test", client -> client.set("ns/release/{api-keys}/version", "c0ffee"));
    assertThat(look().version().epoch()).isEqualTo("c0ffee");

    create("a");

    assertThat(look().version().epoch()).isEqualTo("c0ffee");
    assertThat(look().version().count()).isOne();
  }

  /** As where it asked an empty node in a fail-over, and the next command meets the real one. */
  @Test
  void aListIsNotMergedIntoALaterOneOfItsOwn() {
    create("a");
    create("b");
    Known old = look();
    store.revoke("a");
    Known later = look();
    // As after an hour.
    redis.run("test", client -> client.del("ns/release/{api-keys}/revoked"));

    ApiKeyStore.Merge merge = store.merge(old.version(), old.keys());

    assertThat(merge.ours()).isFalse();
    assertThat(merge.list()).isEqualTo(new ApiKeyStore.KeyList(later.version(), later.keys()));
    assertThat(look()).isEqualTo(later);
  }

  @Test
  void aListIsNotMergedIntoOneOfAVersionWithoutCounts() {
    create("a");
    create("b");
    Known old = look();
    redis.run("test", client -> client.hdel("ns/release/{api-keys}/keys", "a"));
    redis.run("test", client -> client.set("ns/release/{api-keys}/version", "c0ffee"));

    assertThat(merge(old)).isFalse();

    assertThat(names()).containsExactly("b");
    assertThat(look().version().text()).isEqualTo("c0ffee");
  }

  @Test
  void aReplicaThatKnowsNoKeysDoesNotKeepOutThoseOfAnother() {
    create("a");
    Known known = look();
    lose();

    assertThat(merge(new Known(known.version(), List.of()))).isFalse();
    assertThat(store.version()).isNull();

    assertThat(merge(known)).isTrue();
    assertThat(names()).containsExactly("a");
  }

  static LongStream seeds() {
    return LongStream.range(0, 24);
  }

  /**
   * Replicas that know lists of different age, in any order, while keys are made and revoked: the
   * end is what the latest of them knew, and what was done since.
   */
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void inWhateverOrderReplicasComeTheLatestListCounts(long seed) {
    var random = new Random(seed);
    var replicas = new ArrayList<Known>();
    create("first");
    for (int i = 0; i < 12; i++) {
      change(random, new TreeSet<>());
      replicas.add(look());
    }
    Set<String> expected = new TreeSet<>(names());
    lose();
    Collections.shuffle(replicas, random);
    for (Known known : replicas) {
      change(random, expected);
      merge(known);
    }

    assertThat(names()).as("seed %d", seed).containsExactlyElementsOf(expected);
  }

  private void change(Random random, Set<String> names) {
    String name = "key-" + random.nextInt(8);
    if (random.nextBoolean()) {
      if (store.create(name, null, Limits.NONE) instanceof Creation.Created) {
        names.add(name);
      }
    } else {
      store.revoke(name);
      names.remove(name);
    }
  }
}
