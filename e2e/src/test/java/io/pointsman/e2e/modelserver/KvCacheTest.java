package io.pointsman.e2e.modelserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KvCacheTest {
  private static final String BLOCK = "0123456789abcdef".repeat(4);

  @Test
  void tokensAreAQuarterOfTheBytesRoundedUp() {
    assertThat(KvCache.tokens("")).isEqualTo(1);
    assertThat(KvCache.tokens("abcd")).isEqualTo(1);
    assertThat(KvCache.tokens("abcde")).isEqualTo(2);
    assertThat(KvCache.tokens("ääää")).isEqualTo(2);
  }

  @Test
  void onlyFullBlocksHaveKeys() {
    assertThat(KvCache.chain("m", BLOCK.substring(1))).isEmpty();
    assertThat(KvCache.chain("m", BLOCK + BLOCK + "x")).hasSize(2);
  }

  @Test
  void aKeyStandsForTheWholePrefixAndTheModel() {
    long[] one = KvCache.chain("m", BLOCK + BLOCK + BLOCK);
    long[] other = KvCache.chain("m", BLOCK + BLOCK.replace('5', 'x') + BLOCK);
    assertThat(other[0]).isEqualTo(one[0]);
    assertThat(other[1]).isNotEqualTo(one[1]);
    assertThat(other[2]).isNotEqualTo(one[2]);
    assertThat(KvCache.chain("n", BLOCK)[0]).isNotEqualTo(one[0]);
    assertThat(one).doesNotHaveDuplicates();
  }

  @Test
  void theEndOfAPromptIsForgottenBeforeItsBeginning() {
    var cache = new KvCache(4);
    long[] one = KvCache.chain("m", "a".repeat(64 * 3));
    long[] two = KvCache.chain("m", "b".repeat(64 * 2));
    cache.add(one);
    cache.add(two);
    assertThat(cache.match(two)).isEqualTo(2);
    assertThat(cache.match(one)).isEqualTo(2);
  }

  @Test
  void aMatchMakesBlocksRecentlyUsed() {
    var cache = new KvCache(2);
    long[] one = KvCache.chain("m", "a".repeat(64));
    cache.add(one);
    cache.add(KvCache.chain("m", "b".repeat(64)));
    assertThat(cache.match(one)).isEqualTo(1);
    cache.add(KvCache.chain("m", "c".repeat(64)));
    assertThat(cache.match(one)).isEqualTo(1);
    assertThat(cache.match(KvCache.chain("m", "b".repeat(64)))).isZero();
  }

  @Test
  void roomIsBoundedByTheCapacity() {
    var cache = new KvCache(10);
    assertThat(cache.reserve(6)).isTrue();
    assertThat(cache.reserve(5)).isFalse();
    assertThat(cache.usage()).isEqualTo(0.6);
    cache.free(6);
    assertThat(cache.reserve(10)).isTrue();
  }

  /** Against a plain list kept in order of use. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void matchesAPlainListOfRecentBlocks(long seed) {
    var random = new SplittableRandom(seed);
    int capacity = random.nextInt(3, 20);
    var cache = new KvCache(capacity);
    var reference = new ArrayList<Long>();
    for (int step = 0; step < 500; step++) {
      int session = random.nextInt(4);
      String text = Character.toString('a' + session).repeat(64 * random.nextInt(1, 8));
      long[] chain = KvCache.chain("m", text);
      int held = 0;
      while (held < chain.length && reference.contains(chain[held])) {
        held++;
      }
      assertThat(cache.match(chain)).as("seed %d, step %d", seed, step).isEqualTo(held);
      touch(reference, chain, held);
      if (random.nextBoolean()) {
        cache.add(chain);
        touch(reference, chain, chain.length);
        while (reference.size() > capacity) {
          reference.remove(0);
        }
      }
      assertThat(cache.size()).isEqualTo(reference.size());
    }
  }

  private static void touch(List<Long> reference, long[] chain, int count) {
    for (int i = count - 1; i >= 0; i--) {
      reference.remove(chain[i]);
      reference.add(chain[i]);
    }
  }
}
