package io.pointsman.plugin.blockmap;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongToIntFunction;

/**
 * A hash table of 64-bit keys and values under a byte budget. It consists of many segments that
 * begin small and grow one by one, so memory follows use and no insertion waits for more than one
 * segment of at most some ten thousand bytes to be copied. When the budget is used up, a new key
 * takes the place of the stalest one near its home.
 *
 * <p>Thread-safe without locks. An update that meets another one half way is given up; an update of
 * a segment that has grown meanwhile is to be made again (see {@link #isPresent}).
 */
final class BlockTable {
  private static final int ENTRY_BYTES = 2 * Long.BYTES;
  private static final int MAX_SEGMENTS = 4_096;
  private static final int SEGMENT_BUDGET = 16 << 10;

  private final AtomicReferenceArray<Segment> segments;
  private final AtomicIntegerArray growing;
  private final int shift;
  private final long budget;
  private final AtomicLong bytes = new AtomicLong();
  private final LongAdder entries = new LongAdder();
  private final LongAdder evictions = new LongAdder();
  private final LongToIntFunction staleness;

  /**
   * @param budget bytes that all segments together may take
   * @param staleness of a value; the larger, the sooner it gives way
   */
  BlockTable(long budget, LongToIntFunction staleness) {
    this.budget = budget;
    this.staleness = staleness;
    long wanted = Math.max(2, Math.min(MAX_SEGMENTS, budget / SEGMENT_BUDGET));
    int count = (int) Long.highestOneBit(wanted);
    shift = Long.SIZE - Long.numberOfTrailingZeros(count);
    segments = new AtomicReferenceArray<>(count);
    growing = new AtomicIntegerArray(count);
    for (int i = 0; i < count; i++) {
      segments.set(i, new Segment(Segment.WINDOW));
    }
    bytes.set((long) count * Segment.WINDOW * ENTRY_BYTES);
  }

  Segment segment(long key) {
    return segments.getAcquire((int) (key >>> shift));
  }

  /** See {@link Segment#touch}. */
  long touch(long key) {
    return segment(key).touch(key);
  }

  /** The value of a key, or 0. */
  long get(long key) {
    return segment(key).get(key);
  }

  /** Puts a key that is not there; false if another thread is in the way. */
  boolean insert(long key, long value) {
    Segment segment = segment(key);
    int place = segment.findFree(key);
    while (place < 0 && grow(key, segment)) {
      segment = segment(key);
      place = segment.findFree(key);
    }
    if (place < 0) {
      if (growing.get((int) (key >>> shift)) != 0 || !isPresent(key, segment)) {
        // There will be room in a moment: nobody needs to give way.
        return false;
      }
      place = evict(segment, key);
    }
    if (place < 0 || !segment.claim(place, key, value)) {
      return false;
    }
    if (segment.standsElsewhere(key, place) && segment.free(place, key, value)) {
      // Another thread has put the same key at the same time, or is about to.
      return false;
    }
    entries.increment();
    return true;
  }

  /**
   * True if what was written to a segment counts. If not, a larger one has come meanwhile, and it
   * must be written again: it may not have been copied.
   */
  boolean isPresent(long key, Segment segment) {
    return isSegment((int) (key >>> shift), segment);
  }

  /** Removes an entry if it has not changed. */
  boolean remove(Segment segment, int place, long key, long value) {
    boolean removed = segment.free(place, key, value);
    if (removed) {
      entries.decrement();
    }
    return removed;
  }

  private int evict(Segment segment, long key) {
    int stalest = -1;
    int most = -1;
    long victimKey = 0;
    long victimValue = 0;
    // Where the search begins depends on the key, so that equally stale ones go in turn.
    int first = (int) (key >>> 32) & (Segment.WINDOW - 1);
    for (int i = 0; i < Segment.WINDOW; i++) {
      int place = segment.windowPlace(key, (first + i) & (Segment.WINDOW - 1));
      long candidateKey = segment.key(place);
      long value = segment.value(place);
      if (candidateKey != 0 && value != 0) {
        int stale = staleness.applyAsInt(value);
        if (stale > most) {
          most = stale;
          stalest = place;
          victimKey = candidateKey;
          victimValue = value;
        }
      }
    }
    if (stalest < 0 || !remove(segment, stalest, victimKey, victimValue)) {
      return -1;
    }
    evictions.increment();
    return stalest;
  }

  /** Makes a segment half as large again; false if the budget or another thread is in the way. */
  private boolean grow(long key, Segment segment) {
    int index = (int) (key >>> shift);
    int size = segment.size() + segment.size() / 2;
    long added = (long) (size - segment.size()) * ENTRY_BYTES;
    if (bytes.get() + added > budget || !growing.compareAndSet(index, 0, 1)) {
      return false;
    }
    try {
      if (segments.get(index) != segment || bytes.addAndGet(added) > budget) {
        if (segments.get(index) == segment) {
          bytes.addAndGet(-added);
        }
        return segments.get(index) != segment;
      }
      Segment before = segment.snapshot();
      var larger = new Segment(size);
      for (int place = 0; place < before.size(); place++) {
        if (before.key(place) != 0 && !larger.put(before.key(place), before.value(place))) {
          entries.decrement();
        }
      }
      segments.set(index, larger);
      copyChanges(segment, before, larger);
      return true;
    } finally {
      growing.set(index, 0);
    }
  }

  /** Takes over what was written to the old segment before the larger one could be seen. */
  private static void copyChanges(Segment segment, Segment before, Segment larger) {
    for (int place = 0; place < segment.size(); place++) {
      long key = segment.key(place);
      long value = segment.value(place);
      boolean changed = key != before.key(place) || value != before.value(place);
      if (key != 0 && value != 0 && changed && segment.key(place) == key) {
        larger.merge(key, value);
      }
    }
  }

  /** Number of segments. */
  int segments() {
    return segments.length();
  }

  Segment segmentAt(int index) {
    return segments.getAcquire(index);
  }

  /** True if this is still the segment of that number. */
  @SuppressWarnings("ReferenceEquality") // a segment that has grown is another object
  boolean isSegment(int index, Segment segment) {
    return segments.get(index) == segment;
  }

  /** True if segments can grow no more, but for the last tenth of the budget. */
  boolean isFull() {
    return bytes.get() > budget - budget / 10;
  }

  /** Bytes that all segments take. */
  long bytes() {
    return bytes.get();
  }

  /** Keys in the table, about. */
  long entries() {
    return Math.max(0, entries.sum());
  }

  /** Keys ever evicted to make room. */
  long evictions() {
    return evictions.sum();
  }
}
