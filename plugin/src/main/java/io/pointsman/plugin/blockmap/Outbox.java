package io.pointsman.plugin.blockmap;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * News on their way to Redis. Event loops put in, without a lock and without waiting; one thread
 * takes out. Bounded by the number of hashes: what does not fit is dropped and counted, since what
 * it says is only a hint.
 */
final class Outbox {
  private final ConcurrentLinkedQueue<BlockNews> queue = new ConcurrentLinkedQueue<>();
  private final AtomicLong waiting = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private final int capacity;

  /**
   * @param capacity hashes that may wait
   */
  Outbox(int capacity) {
    this.capacity = capacity;
  }

  void put(BlockNews news) {
    int size = news.hashes().length;
    if (waiting.addAndGet(size) > capacity) {
      waiting.addAndGet(-size);
      dropped.addAndGet(size);
    } else {
      queue.add(news);
    }
  }

  /** Takes everything that waits. */
  List<BlockNews> takeAll() {
    var taken = new ArrayList<BlockNews>();
    BlockNews news;
    while ((news = queue.poll()) != null) {
      waiting.addAndGet(-news.hashes().length);
      taken.add(news);
    }
    return taken;
  }

  /** Hashes that wait. */
  long waiting() {
    return waiting.get();
  }

  /** Hashes ever dropped because too many waited. */
  long dropped() {
    return dropped.get();
  }
}
