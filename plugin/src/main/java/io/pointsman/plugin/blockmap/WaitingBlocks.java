package io.pointsman.plugin.blockmap;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Blocks of endpoints that other replicas know and this one does not yet. They are offered again
 * until they are taken or too old; when there are too many, the oldest go. Not thread-safe.
 */
final class WaitingBlocks {
  private static final int MAX_HASHES = 1 << 18;
  private static final long MAX_AGE_MS = 60_000;

  private record Item(BlockNews news, long sinceMs) {
    Item without(Set<Long> takenBack) {
      long[] left =
          LongStream.of(news.hashes()).filter(hash -> !takenBack.contains(hash)).toArray();
      return new Item(new BlockNews(news.endpoint(), left, false), sinceMs);
    }
  }

  private final Queue<Item> items = new ArrayDeque<>();
  private final LongSupplier clockMs;
  private long waiting;

  WaitingBlocks(LongSupplier clockMs) {
    this.clockMs = clockMs;
  }

  void put(EndpointSlots.Id endpoint, long[] hashes) {
    items.add(new Item(new BlockNews(endpoint, hashes, false), clockMs.getAsLong()));
    waiting += hashes.length;
    while (waiting > MAX_HASHES) {
      waiting -= items.remove().news().hashes().length;
    }
  }

  /** Forgets these blocks, as far as they wait. */
  void takeBack(EndpointSlots.Id endpoint, long[] hashes) {
    if (items.stream().noneMatch(item -> item.news().endpoint().equals(endpoint))) {
      return;
    }
    Set<Long> takenBack = LongStream.of(hashes).boxed().collect(Collectors.toSet());
    for (int i = items.size(); i > 0; i--) {
      Item item = items.remove();
      if (item.news().endpoint().equals(endpoint)) {
        item = item.without(takenBack);
      }
      // Once around, so that the order stays.
      if (item.news().hashes().length > 0) {
        items.add(item);
      }
    }
    waiting = items.stream().mapToLong(item -> item.news().hashes().length).sum();
  }

  /** Offers everything again; keeps what is still unknown and not too old. */
  void offer(BlockSink sink) {
    long now = clockMs.getAsLong();
    for (Iterator<Item> each = items.iterator(); each.hasNext(); ) {
      Item item = each.next();
      BlockNews news = item.news();
      long age = now - item.sinceMs();
      if (age > MAX_AGE_MS || sink.add(news.endpoint(), news.hashes(), age)) {
        each.remove();
        waiting -= news.hashes().length;
      }
    }
  }
}
