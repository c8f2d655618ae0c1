package io.pointsman.plugin.blockmap;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.endpoint.EndpointKey;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches as one replica packs them and another reads them, forward and back. */
class BatchReaderTest {
  private static final long FORMAT = 7;
  private static final EndpointSlots.Id POD =
      new EndpointSlots.Id("m", new EndpointKey("uid-1", 8000), "c-1");

  /** A plain set of hashes; knows the pod or not. */
  private static final class PlainSink implements BlockSink {
    final Set<Long> blocks = new TreeSet<>();
    boolean knowsPod = true;

    @Override
    public boolean add(EndpointSlots.Id endpoint, long[] hashes, long ageMs) {
      if (knowsPod) {
        for (long hash : hashes) {
          blocks.add(hash);
        }
      }
      return knowsPod;
    }

    @Override
    public boolean addOlder(EndpointSlots.Id endpoint, long[] hashes, long ageMs) {
      return add(endpoint, hashes, ageMs);
    }

    @Override
    public boolean knowsEndpoints() {
      return knowsPod;
    }

    @Override
    public boolean isFull() {
      return false;
    }

    @Override
    public void takeBack(EndpointSlots.Id endpoint, long[] hashes) {
      if (knowsPod) {
        for (long hash : hashes) {
          blocks.remove(hash);
        }
      }
    }
  }

  private final PlainSink sink = new PlainSink();
  private final WaitingBlocks waiting = new WaitingBlocks(() -> 0);
  private final BatchReader reader = new BatchReader(sink, FORMAT, 99, waiting);

  private static BlockNews added(long... hashes) {
    return new BlockNews(POD, hashes, false);
  }

  private static BlockNews takenBack(long... hashes) {
    return new BlockNews(POD, hashes, true);
  }

  private void readForward(List<byte[]> batches) {
    batches.forEach(batch -> reader.read(batch, 0, true));
  }

  private void readBack(List<byte[]> batches) {
    var newestFirst = new ArrayList<>(batches);
    Collections.reverse(newestFirst);
    newestFirst.forEach(batch -> reader.read(batch, 0, false));
  }

  @Test
  void whatIsTakenBackTwiceInOneRoundOfNewsIsGone() {
    readForward(
        new BatchMaker(FORMAT, 1).pack(List.of(added(5), takenBack(5), added(5), takenBack(5))));
    assertThat(sink.blocks).isEmpty();
  }

  @Test
  void whatIsLearntAgainInOneRoundOfNewsStays() {
    List<byte[]> batches =
        new BatchMaker(FORMAT, 1).pack(List.of(added(5), takenBack(5), added(5)));
    readForward(batches);
    assertThat(sink.blocks).containsExactly(5L);
    sink.blocks.clear();
    readBack(batches);
    assertThat(sink.blocks).containsExactly(5L);
  }

  @Test
  void aTakingBackDoesNotReachWhatAnotherReplicaHadSaidBefore() {
    var batches = new ArrayList<byte[]>();
    batches.addAll(new BatchMaker(FORMAT, 2).pack(List.of(added(5))));
    batches.addAll(new BatchMaker(FORMAT, 1).pack(List.of(added(5, 6), takenBack(5, 6))));
    readBack(batches);
    assertThat(sink.blocks).containsExactly(5L);
  }

  @Test
  void whatIsTakenBackWhileThePodIsUnknownDoesNotComeBackWithThePod() {
    sink.knowsPod = false;
    var maker = new BatchMaker(FORMAT, 1);
    readForward(maker.pack(List.of(added(5, 6), added(7))));
    readForward(maker.pack(List.of(takenBack(5, 7))));
    readForward(maker.pack(List.of(added(7))));
    sink.knowsPod = true;
    waiting.offer(sink);
    assertThat(sink.blocks).containsExactly(6L, 7L);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void readingForwardAndReadingBackBothEndWhereTheWriterIs(long seed) {
    var random = new Random(seed);
    var held = new HashSet<Long>();
    var maker = new BatchMaker(FORMAT, 1);
    var batches = new ArrayList<byte[]>();
    for (int round = 0; round < 50; round++) {
      var news = new ArrayList<BlockNews>();
      for (int i = random.nextInt(20); i > 0; i--) {
        long hash = random.nextInt(30);
        // As the map does it: only what is new is told, only what was told is taken back.
        news.add(held.add(hash) ? added(hash) : takenBack(hash));
        if (news.get(news.size() - 1).takenBack()) {
          held.remove(hash);
        }
      }
      batches.addAll(maker.pack(news));
    }
    readForward(batches);
    assertThat(sink.blocks).as("forward, seed %d", seed).isEqualTo(held);
    assertThat(reader.gaps()).isZero();
    sink.blocks.clear();
    var late = new BatchReader(sink, FORMAT, 99, waiting);
    for (int i = batches.size() - 1; i >= 0; i--) {
      late.read(batches.get(i), 0, false);
    }
    assertThat(sink.blocks).as("back, seed %d", seed).isEqualTo(held);
  }
}
