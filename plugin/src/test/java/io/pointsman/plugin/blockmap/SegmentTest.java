package io.pointsman.plugin.blockmap;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SegmentTest {
  private static final int SIZE = 1000;

  static LongStream seeds() {
    return LongStream.range(0, 20);
  }

  private static boolean put(Segment segment, long key, long value) {
    int place = segment.findFree(key);
    return place >= 0 && segment.claim(place, key, value);
  }

  private static boolean remove(Segment segment, long key) {
    int place = segment.find(key);
    return place >= 0 && segment.free(place, key, segment.value(place));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void holdsWhatAPlainMapHolds(long seed) {
    var random = new SplittableRandom(seed);
    var segment = new Segment(SIZE);
    Map<Long, Long> model = new HashMap<>();
    List<Long> keys = new ArrayList<>();
    for (int step = 0; step < 20_000; step++) {
      if (!keys.isEmpty() && random.nextInt(100) < 45) {
        long key = keys.remove(random.nextInt(keys.size()));
        model.remove(key);
        assertThat(remove(segment, key)).as("seed %s, step %s", seed, step).isTrue();
      } else {
        long key = random.nextLong() | 1;
        long value = random.nextLong(1, 1000);
        if (put(segment, key, value)) {
          model.put(key, value);
          keys.add(key);
        }
      }
    }
    model.forEach(
        (key, value) -> assertThat(segment.get(key)).as("seed %s", seed).isEqualTo(value));
    for (int i = 0; i < 1000; i++) {
      long key = random.nextLong() & ~1L;
      assertThat(segment.get(key)).as("seed %s", seed).isZero();
    }
    long standing = 0;
    for (int place = 0; place < SIZE; place++) {
      standing += segment.key(place) != 0 ? 1 : 0;
    }
    assertThat(standing).as("seed %s: no entry stands twice", seed).isEqualTo(model.size());
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void isSevenTenthsFullBeforeAKeyFindsNoPlace(long seed) {
    var random = new SplittableRandom(seed);
    var segment = new Segment(SIZE);
    List<Long> keys = new ArrayList<>();
    long key = random.nextLong() | 1;
    while (put(segment, key, keys.size() + 1)) {
      keys.add(key);
      key = random.nextLong() | 1;
    }
    assertThat(keys.size()).as("seed %s", seed).isBetween(SIZE * 7 / 10, SIZE);
    for (int i = 0; i < keys.size(); i++) {
      assertThat(segment.get(keys.get(i))).as("seed %s, key %s", seed, i).isEqualTo(i + 1);
    }
  }

  @Test
  void neighbouringWordsAreFoundInOneSearch() {
    var segment = new Segment(SIZE);
    long group = WideWord.groupKey(4711, 3);
    for (int member = 0; member < WideWord.NEIGHBOURS; member += 2) {
      put(segment, WideWord.memberKey(group, member), 10 + member);
    }
    put(segment, WideWord.groupKey(4711, 4), 99);
    long[] words = {7, 7, 7, 7};
    segment.getGroup(group, 0b1111, words);
    assertThat(words).containsExactly(10, 0, 12, 0);
  }

  @Test
  void anEntryIsFoundWhileOthersMakeRoomAroundIt() throws Exception {
    var segment = new Segment(SIZE);
    var random = new SplittableRandom(3);
    long[] steady = random.longs(SIZE / 2).map(key -> key | 1).toArray();
    for (long key : steady) {
      assertThat(put(segment, key, key)).isTrue();
    }
    var done = new AtomicBoolean();
    var executor = Executors.newSingleThreadExecutor();
    try {
      Future<Long> missed =
          executor.submit(
              () -> {
                long misses = 0;
                do {
                  for (long key : steady) {
                    misses += segment.get(key) == key ? 0 : 1;
                  }
                } while (!done.get());
                return misses;
              });
      for (int round = 0; round < 2000; round++) {
        fillAndEmpty(segment, random);
      }
      done.set(true);
      assertThat(missed.get(1, TimeUnit.MINUTES)).isZero();
    } finally {
      executor.shutdownNow();
    }
  }

  private static void fillAndEmpty(Segment segment, SplittableRandom random) {
    List<Long> others = new ArrayList<>();
    long key = random.nextLong() | 1;
    while (put(segment, key, 1)) {
      others.add(key);
      key = random.nextLong() | 1;
    }
    others.forEach(other -> assertThat(remove(segment, other)).isTrue());
  }
}
