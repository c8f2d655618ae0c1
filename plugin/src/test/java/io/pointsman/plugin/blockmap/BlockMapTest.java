package io.pointsman.plugin.blockmap;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.endpoint.EndpointKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockMapTest {
  private static final int UNLIMITED = 1 << 30;

  private final MatchScratch scratch = new MatchScratch();
  private EndpointSlots slots = new EndpointSlots(UNLIMITED);
  private BlockMap map = new BlockMap(16 << 20, slots);

  static LongStream seeds() {
    return LongStream.range(0, 25);
  }

  private static EndpointSlots.Id id(int i) {
    return new EndpointSlots.Id("m", new EndpointKey("pod-" + i, 8000), "");
  }

  private int slot(int i) {
    return slots.assign(id(i));
  }

  private PoolSlots pool(int endpoints) {
    return new PoolSlots(IntStream.range(0, endpoints).map(this::slot).toArray());
  }

  /** The chain of keys of a prompt: alike as far as the texts are. */
  private static long[] prompt(int... blocks) {
    long[] keys = new long[blocks.length];
    long chain = 17;
    for (int i = 0; i < blocks.length; i++) {
      chain = (chain ^ (blocks[i] + 1)) * 0x9e3779b97f4a7c15L;
      chain ^= chain >>> 29;
      keys[i] = chain;
    }
    return keys;
  }

  private long[] record(long[] keys, int endpoint) {
    long[] news = new long[keys.length];
    int count = map.record(keys, keys.length, slot(endpoint), news);
    return Arrays.copyOf(news, count);
  }

  private int[] match(long[] keys, int endpoints) {
    map.match(keys, keys.length, pool(endpoints), scratch);
    return IntStream.range(0, endpoints).map(scratch::length).toArray();
  }

  @Test
  void anEmptyMapMatchesNothing() {
    assertThat(match(prompt(1, 2, 3), 3)).containsExactly(0, 0, 0);
  }

  @Test
  void theMatchIsTheNumberOfBlocksFromTheStartForEachEndpoint() {
    record(prompt(1, 2, 3), 0);
    record(prompt(1, 2, 9, 9), 1);
    assertThat(match(prompt(1, 2, 3, 4), 3)).containsExactly(3, 2, 0);
    assertThat(match(prompt(1, 2, 9, 9, 5), 3)).containsExactly(2, 4, 0);
    assertThat(match(prompt(7, 2, 3), 3)).containsExactly(0, 0, 0);
  }

  @Test
  void anEndpointThatLostTheFirstBlockDoesNotMatchByALaterOne() {
    long[] keys = prompt(1, 2, 3);
    map.record(new long[] {keys[1], keys[2]}, 2, slot(0), new long[2]);
    record(prompt(1), 1);
    assertThat(match(keys, 2)).containsExactly(0, 1);
  }

  @Test
  void onlyNewPairsAreNews() {
    assertThat(record(prompt(1, 2), 0)).containsExactly(prompt(1, 2));
    assertThat(record(prompt(1, 2, 3), 0)).containsExactly(prompt(1, 2, 3)[2]);
    assertThat(record(prompt(1, 2, 3), 1)).hasSize(3);
    assertThat(record(prompt(1, 2, 3), 1)).isEmpty();
  }

  @Test
  void aBlockMayBeHeldByAnyNumberOfEndpoints() {
    long[] keys = prompt(1, 2, 3, 4);
    for (int endpoint = 0; endpoint < 500; endpoint++) {
      assertThat(record(keys, endpoint)).as("endpoint %s", endpoint).hasSize(4);
      assertThat(record(keys, endpoint)).isEmpty();
    }
    record(prompt(1, 2, 3, 4, 5), 123);
    int[] lengths = match(prompt(1, 2, 3, 4, 5), 500);
    for (int endpoint = 0; endpoint < 500; endpoint++) {
      assertThat(lengths[endpoint]).as("endpoint %s", endpoint).isEqualTo(endpoint == 123 ? 5 : 4);
    }
  }

  /** Beside the table's own cells only what does not depend on the number of pairs. */
  @ParameterizedTest
  @ValueSource(ints = {20_000, 60_000, 130_000, 250_000})
  void aPairTakesAtMost32Bytes(int prompts) {
    map = new BlockMap(256 << 20, slots);
    long[] keys = new long[4];
    long[] news = new long[4];
    var random = new SplittableRandom(prompts);
    for (int i = 0; i < prompts; i++) {
      for (int block = 0; block < keys.length; block++) {
        keys[block] = random.nextLong();
      }
      map.record(keys, keys.length, slot(i % 8), news);
    }
    assertThat(map.pairs()).isEqualTo(4L * prompts);
    assertThat((double) map.bytes() / map.pairs()).isLessThanOrEqualTo(32);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 8})
  void whatIsOlderThanTheTimeToLiveDoesNotCount(int endpoints) {
    long[] keys = prompt(1, 2, 3);
    for (int i = 0; i < endpoints; i++) {
      record(keys, i);
    }
    advance(Holders.VALID_EPOCHS / 2);
    assertThat(match(keys, endpoints)).containsOnly(3);
    advance(Holders.VALID_EPOCHS / 2 + 1);
    assertThat(match(keys, endpoints)).containsOnly(0);
    advance(3 * Holders.EPOCHS);
    assertThat(match(keys, endpoints)).as("epochs have come round").containsOnly(0);
    assertThat(map.entries()).as("nothing is left behind").isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 8})
  void useKeepsABlockAlive(int endpoints) {
    long[] keys = prompt(1, 2, 3);
    for (int round = 0; round < 10; round++) {
      for (int i = 0; i < endpoints; i++) {
        record(keys, i);
      }
      advance(Holders.VALID_EPOCHS / 2);
      assertThat(match(keys, endpoints)).as("round %s", round).containsOnly(3);
    }
  }

  @Test
  void aPairUsedAgainAfterLongIsNewsForTheOthers() {
    record(prompt(1), 0);
    advance(Holders.VALID_EPOCHS / 2);
    assertThat(record(prompt(1), 0)).containsExactly(prompt(1));
    assertThat(record(prompt(1), 0)).isEmpty();
  }

  private void advance(int epochs) {
    for (int i = 0; i < epochs; i++) {
      map.advance();
      map.sweepIfDue();
    }
  }

  @Test
  void anEndpointThatIsGoneMatchesNoMoreAndItsSlotIsUsedAgain() {
    long[] keys = prompt(1, 2, 3);
    for (int i = 0; i < 6; i++) {
      record(keys, i);
    }
    record(prompt(8, 9), 2);
    int slot = slot(2);
    Set<EndpointSlots.Id> present =
        IntStream.of(0, 1, 3, 4, 5).mapToObj(BlockMapTest::id).collect(Collectors.toSet());
    slots.retain(present);
    slots.retain(present);
    assertThat(slots.find(id(2))).isEqualTo(EndpointSlots.NONE);
    map.sweepIfDue();
    assertThat(slot(7)).as("the slot is free again").isEqualTo(slot);
    var pool = new PoolSlots(new int[] {slot(0), slot(7)});
    map.match(keys, 3, pool, scratch);
    assertThat(scratch.length(0)).isEqualTo(3);
    assertThat(scratch.length(1)).isZero();
    map.match(prompt(8, 9), 2, pool, scratch);
    assertThat(scratch.length(1)).isZero();
  }

  @Test
  void anEndpointHoldsNoMoreThanItsCacheCan() {
    slots = new EndpointSlots(320);
    map = new BlockMap(16 << 20, slots);
    for (int i = 0; i < 1_000; i++) {
      record(prompt(i), 0);
      map.sweepIfDue();
    }
    int held = 0;
    for (int i = 0; i < 1_000; i++) {
      held += match(prompt(i), 1)[0];
    }
    assertThat(held).isBetween(300, 340);
    assertThat(match(prompt(999), 1)).containsExactly(1);
    assertThat(match(prompt(0), 1)).containsExactly(0);
  }

  /** Read back come the newest blocks first, which those behind them must not make look old. */
  @Test
  void olderBlocksFillACacheUpAndAgeNothing() {
    int cache = 320;
    slots = new EndpointSlots(cache);
    map = new BlockMap(16 << 20, slots);
    long[] newest = prompt(1, 2, 3);
    assertThat(map.recordOlder(newest, slot(0), cache)).isEqualTo(3);
    long[] older = LongStream.rangeClosed(1, 1_000).map(key -> key * 0x9e3779b97f4a7c15L).toArray();
    assertThat(map.recordOlder(older, slot(0), cache - 3)).isEqualTo(cache - 3);
    assertThat(slots.epoch(slot(0))).isZero();
    // Half a cache of new blocks does not push them out.
    record(LongStream.rangeClosed(2_000, 2_160).map(key -> key * 0x9e3779b97f4a7c15L).toArray(), 0);
    assertThat(match(newest, 1)).containsExactly(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 8})
  void whatARefusedRequestAddedIsTakenBackUnlessItWasUsedSince(int endpoints) {
    for (int i = 0; i < endpoints - 1; i++) {
      record(prompt(1, 2, 3, 4), i);
    }
    int refusing = endpoints - 1;
    record(prompt(1), refusing);
    long[] news = record(prompt(1, 2, 3, 4), refusing);
    assertThat(news).hasSize(3);
    record(prompt(1, 2), refusing);
    map.takeBack(news, news.length, slot(refusing), new long[news.length]);
    assertThat(match(prompt(1, 2, 3, 4), endpoints)[refusing]).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(longs = {1 << 16, 1 << 20, 5_000_000})
  void aFloodOfPromptsStaysUnderTheBudget(long budget) {
    map = new BlockMap(budget, slots);
    var random = new SplittableRandom(1);
    for (int i = 0; i < 300_000; i++) {
      record(prompt(i), random.nextInt(8));
      assertThat(map.bytes()).isLessThanOrEqualTo(budget);
    }
    assertThat(map.evictions()).isPositive();
    assertThat(match(prompt(299_999), 8)).contains(1);
  }

  @Test
  void whatIsInUseOutlivesAFlood() {
    map = new BlockMap(1 << 20, slots);
    long[] hot = prompt(-1, -2, -3, -4);
    record(hot, 0);
    for (int i = 0; i < 300_000; i++) {
      record(prompt(i), 1);
      if (i % 1_000 == 0) {
        record(hot, 0);
      }
    }
    assertThat(match(hot, 2)).containsExactly(4, 0);
  }

  @Test
  void memoryGrowsWithUse() {
    map = new BlockMap(256 << 20, slots);
    assertThat(map.bytes()).isLessThan(2 << 20);
    for (int i = 0; i < 200_000; i++) {
      record(prompt(i), 0);
    }
    assertThat(map.bytes() / 200_000).isLessThanOrEqualTo(32);
    for (int i = 0; i < 200_000; i++) {
      assertThat(match(prompt(i), 1)).as("block %s", i).containsExactly(1);
    }
  }

  /** Random operations against a map of sets; nothing is evicted, so both must agree exactly. */
  @ParameterizedTest
  @MethodSource("seeds")
  void theMapAgreesWithAPlainModel(long seed) {
    var random = new SplittableRandom(seed);
    int endpoints = random.nextInt(1, 60);
    Map<Long, Set<Integer>> model = new HashMap<>();
    for (int step = 0; step < 3_000; step++) {
      int[] blocks = random.ints(random.nextInt(1, 12), 0, 3).toArray();
      long[] keys = prompt(blocks);
      if (random.nextInt(3) == 0) {
        int[] lengths = match(keys, endpoints);
        for (int e = 0; e < endpoints; e++) {
          int expected = 0;
          while (expected < keys.length
              && model.getOrDefault(keys[expected], Set.of()).contains(e)) {
            expected++;
          }
          assertThat(lengths[e])
              .as("seed %s step %s endpoint %s", seed, step, e)
              .isEqualTo(expected);
        }
      } else {
        int endpoint = random.nextInt(endpoints);
        List<Long> expected = new ArrayList<>();
        for (long key : keys) {
          if (model.computeIfAbsent(key, k -> new HashSet<>()).add(endpoint)) {
            expected.add(key);
          }
        }
        long[] news = record(keys, endpoint);
        assertThat(LongStream.of(news).boxed().toList())
            .as("seed %s step %s", seed, step)
            .isEqualTo(expected);
        if (random.nextInt(10) == 0) {
          map.takeBack(news, news.length, slot(endpoint), new long[news.length]);
          expected.forEach(key -> model.getOrDefault(key, new HashSet<>()).remove(endpoint));
        }
      }
    }
  }

  /** Each endpoint is given blocks of its own and shared ones; a match must never be made up. */
  @Test
  void concurrentUseNeverInventsAMatch() throws InterruptedException {
    map = new BlockMap(1 << 20, slots);
    int threads = 4;
    var pool = pool(threads);
    var begin = new CountDownLatch(1);
    var wrong = new AtomicReference<String>();
    List<Thread> running = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int self = t;
      var thread =
          new Thread(
              () -> {
                try {
                  begin.await();
                  hammer(self, threads, pool, wrong);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      running.add(thread);
      thread.start();
    }
    begin.countDown();
    for (int i = 0; i < 20; i++) {
      map.advance();
      map.sweepIfDue();
    }
    for (Thread thread : running) {
      thread.join();
    }
    assertThat(wrong.get()).isNull();
    assertThat(map.bytes()).isLessThanOrEqualTo(1 << 20);
  }

  /**
   * As when a replica learns a prompt from another one while it is asked for it itself. A block may
   * be lost only if a thread is interrupted for long amid its work.
   */
  @Test
  void twoThatRecordOnePromptAtOnceLoseNextToNoBlock() throws Exception {
    int blocks = 128;
    long[][] prompts = new long[4_000][];
    var random = new SplittableRandom(5);
    Arrays.setAll(prompts, i -> random.longs(blocks).toArray());
    map = new BlockMap(256 << 20, slots);
    int[] slotOf = {slot(0), slot(1)};
    var together = new CyclicBarrier(2);
    var threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<?>> both = new ArrayList<>();
      for (int slot : slotOf) {
        both.add(
            threads.submit(
                () -> {
                  for (long[] prompt : prompts) {
                    together.await();
                    map.record(prompt, blocks, slot, new long[blocks]);
                  }
                  return null;
                }));
      }
      for (Future<?> one : both) {
        one.get();
      }
    } finally {
      threads.shutdownNow();
    }
    int cut = 0;
    for (long[] prompt : prompts) {
      cut += Arrays.equals(match(prompt, 2), new int[] {blocks, blocks}) ? 0 : 1;
    }
    assertThat(cut).as("prompts cut short").isLessThan(prompts.length / 500);
    assertThat(map.evictions()).isLessThan(prompts.length / 500);
  }

  /** Other replicas must hear of it again before it expires where nobody uses it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 8})
  void whatIsInConstantUseIsToldAgain(int endpoints) {
    int[] toldAt = new int[endpoints];
    for (int epoch = 0; epoch < 3 * Holders.VALID_EPOCHS; epoch++) {
      for (int e = 0; e < endpoints; e++) {
        if (record(prompt(1, 2), e).length == 2) {
          toldAt[e] = epoch;
        }
        assertThat(epoch - toldAt[e]).as("endpoint %s", e).isLessThan(Holders.VALID_EPOCHS / 2);
      }
      map.advance();
      map.sweepIfDue();
    }
  }

  @Test
  void onlyWhatWasReallyTakenBackIsSaidToBe() {
    long[] news = record(prompt(1, 2, 3), 0);
    record(prompt(1, 2), 0);
    long[] takenBack = new long[3];
    int count = map.takeBack(news, 3, slot(0), takenBack);
    assertThat(Arrays.copyOf(takenBack, count)).containsExactly(news[2]);
    assertThat(map.takeBack(news, 3, slot(0), takenBack)).isZero();
  }

  @Test
  void aPairUsedAgainStaysAlsoWhenItsBlockBecomesWidelyHeld() {
    long[] news = record(prompt(1), 0);
    record(prompt(1), 0);
    for (int e = 1; e < 6; e++) {
      record(prompt(1), e);
    }
    map.takeBack(news, 1, slot(0), new long[1]);
    assertThat(match(prompt(1), 1)).containsExactly(1);
  }

  private void hammer(int self, int threads, PoolSlots pool, AtomicReference<String> wrong) {
    var random = new SplittableRandom(self);
    var mine = new MatchScratch();
    long[] news = new long[8];
    for (int i = 0; i < 100_000; i++) {
      // Block 0 is everybody's; the second names its only owner.
      int owner = random.nextInt(threads);
      long[] keys = prompt(0, 1_000 * (1 + owner) + random.nextInt(20_000) * 10_000, i % 7);
      if (owner == self) {
        map.record(keys, keys.length, slot(self), news);
      }
      map.match(keys, keys.length, pool, mine);
      for (int e = 0; e < threads; e++) {
        if (e != owner && mine.length(e) > 1) {
          wrong.set("endpoint " + e + " matched a block that only " + owner + " was given");
        }
      }
    }
  }
}
