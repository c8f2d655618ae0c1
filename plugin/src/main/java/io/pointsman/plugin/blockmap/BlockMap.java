package io.pointsman.plugin.blockmap;

import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Which endpoint holds which blocks. Read by every prefix-cache decision and written by it, on
 * event loops, without locks; see {@link BlockTable} for what that costs.
 *
 * <p>Most blocks are held by one or two endpoints, a few (system prompts) by all. So an entry of 16
 * bytes holds a key and up to three holders ({@link Holders}); a block with more has further
 * entries, each with the holders in one word of 18 slots ({@link WideWord}), which a look-up
 * ({@link PrefixWalk}) reads only where an endpoint is left that held all blocks before.
 *
 * <p>A holder has no time of its own but its slot's epoch ({@link EndpointSlots}). Expired holders
 * do not count, give way to new ones, and are swept out before their epochs could be mistaken for
 * new.
 */
final class BlockMap {
  /** What {@link #use} has found. */
  private enum Found {
    /** The pair is new. */
    NEW,
    /** The pair was there, but others who do not use it themselves should hear of it again. */
    OLD,
    KNOWN,
    /** Another thread was in the way; nothing is recorded. */
    GIVEN_UP
  }

  /**
   * A block that is given up cuts short the match of its endpoint for all that comes behind it. So
   * who meets another thread half way tries again, for about as long as a segment takes to grow.
   */
  private static final int ATTEMPTS = 300;

  private static final int SPINS = 200;
  private static final long PARK_NANOS = 1_000;

  /** The map is swept of expired holders at least this often. */
  private static final int SWEEP_EPOCHS = Holders.VALID_EPOCHS / 2;

  private final BlockTable table;
  private final EndpointSlots slots;
  private final PrefixWalk walk;
  private final LongAdder pairs = new LongAdder();
  private volatile int epoch;
  private int sweptEpoch;

  /**
   * @param budget bytes that the table may take
   */
  BlockMap(long budget, EndpointSlots slots) {
    this.table = new BlockTable(budget, this::staleness);
    this.slots = slots;
    this.walk = new PrefixWalk(table, slots);
  }

  /**
   * Finds how many blocks from the start each candidate holds.
   *
   * @param scratch gets the result
   * @return the largest of these numbers
   */
  int match(long[] keys, int size, PoolSlots pool, MatchScratch scratch) {
    return walk.match(keys, size, pool, scratch, epoch);
  }

  private boolean isValid(int holder) {
    return slots.isValid(holder);
  }

  /**
   * An endpoint holds these blocks from now on.
   *
   * @param news gets the keys that other replicas should hear of; at least {@code size} long
   * @return number of these
   */
  int record(long[] keys, int size, int slot, long[] news) {
    int count = 0;
    for (int i = 0; i < size; i++) {
      Found found = use(WideWord.nonZero(keys[i]), slot);
      if (found == Found.NEW) {
        slots.recorded(slot);
        pairs.increment();
      }
      if (found == Found.NEW || found == Found.OLD) {
        news[count++] = keys[i];
      }
    }
    return count;
  }

  /**
   * As {@link #record}, for blocks older than those that were recorded before. They are no news,
   * and do not make these look older.
   *
   * @param room the most that may be recorded
   * @return number of pairs that were new
   */
  int recordOlder(long[] keys, int slot, int room) {
    int count = 0;
    for (int i = 0; i < keys.length && count < room; i++) {
      if (use(WideWord.nonZero(keys[i]), slot) == Found.NEW) {
        pairs.increment();
        count++;
      }
    }
    return count;
  }

  private Found use(long key, int slot) {
    Found first = Found.GIVEN_UP;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Segment segment = table.segment(key);
      Found found = useOnce(segment, key, slot);
      first = first == Found.GIVEN_UP ? found : first;
      if (found != Found.GIVEN_UP && table.isPresent(key, segment)) {
        return first;
      }
      waitAMoment(attempt);
    }
    return first;
  }

  /** Nearly always for nanoseconds; longer only if a thread was interrupted amid its work. */
  private static void waitAMoment(int attempt) {
    if (attempt < SPINS) {
      Thread.onSpinWait();
    } else {
      LockSupport.parkNanos(PARK_NANOS);
    }
  }

  private Found useOnce(Segment segment, long key, int slot) {
    int place = segment.find(key);
    if (place < 0) {
      int holder = Holders.holder(slot, slots.epoch(slot));
      return table.insert(key, Holders.with(0, 0, holder)) ? Found.NEW : Found.GIVEN_UP;
    }
    long value = segment.value(place);
    if (Holders.isInline(value)) {
      return useInline(segment, place, key, value, slot);
    }
    return Holders.isWide(value) ? useWide(segment, place, key, value, slot) : Found.GIVEN_UP;
  }

  private Found useInline(Segment segment, int place, long key, long value, int slot) {
    int now = slots.epoch(slot);
    int fresh = Holders.holder(slot, now);
    int i = Holders.find(value, slot);
    if (i >= 0) {
      int old = Holders.get(value, i);
      boolean valid = isValid(old);
      long next = Holders.with(value, i, valid ? Holders.touched(fresh) : fresh);
      if (!segment.replaceValue(place, key, value, next)) {
        return Found.GIVEN_UP;
      }
      if (!valid) {
        pairs.decrement();
        return Found.NEW;
      }
      return Holders.isSamePeriod(Holders.epoch(old), now) ? Found.KNOWN : Found.OLD;
    }
    int free = findRoom(value);
    if (free < 0) {
      return widen(segment, place, key, value, slot);
    }
    if (!segment.replaceValue(place, key, value, Holders.with(value, free, fresh))) {
      return Found.GIVEN_UP;
    }
    if (Holders.get(value, free) != 0) {
      pairs.decrement();
    }
    return Found.NEW;
  }

  /** Where another holder can stand: a place that is empty or has an expired one; else -1. */
  private int findRoom(long value) {
    for (int i = 0; i < Holders.INLINE; i++) {
      int holder = Holders.get(value, i);
      if (holder == 0 || !isValid(holder)) {
        return i;
      }
    }
    return -1;
  }

  /** Gives the holders of a block entries of their own. */
  private Found widen(Segment segment, int place, long key, long value, int slot) {
    long wide = Holders.wide(epoch);
    for (int i = 0; i < Holders.INLINE; i++) {
      int holder = Holders.get(value, i);
      int held = Holders.slot(holder);
      useWord(key, held);
      if (Holders.isTouched(holder)) {
        // Once more, for it was used again after it was added.
        useWord(key, held);
      }
      wide = Holders.withSlot(wide, held);
    }
    Found found = useWord(key, slot);
    wide = Holders.withSlot(wide, slot);
    boolean done = segment.replaceValue(place, key, value, wide);
    return done ? found : Found.GIVEN_UP;
  }

  private Found useWide(Segment segment, int place, long key, long value, int slot) {
    Found found = useWord(key, slot);
    long next = Holders.usedAt(Holders.withSlot(value, slot), epoch);
    if (!segment.replaceValue(place, key, value, next)) {
      return Found.GIVEN_UP;
    }
    return found;
  }

  private Found useWord(long blockKey, int slot) {
    long key = WideWord.key(blockKey, WideWord.wordOf(slot));
    Found first = Found.GIVEN_UP;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Segment segment = table.segment(key);
      Found found = useWordOnce(segment, key, WideWord.bitOf(slot));
      first = first == Found.GIVEN_UP ? found : first;
      if (found != Found.GIVEN_UP && table.isPresent(key, segment)) {
        return first;
      }
      waitAMoment(attempt);
    }
    return first;
  }

  private Found useWordOnce(Segment segment, long key, int bit) {
    int now = epoch;
    int place = segment.find(key);
    if (place < 0) {
      long value = WideWord.use(WideWord.create(now), bit, now);
      return table.insert(key, value) ? Found.NEW : Found.GIVEN_UP;
    }
    long value = segment.value(place);
    if (!WideWord.is(value)) {
      return Found.GIVEN_UP;
    }
    boolean held = WideWord.has(value, bit, now);
    long next = WideWord.use(value, bit, now);
    if (!segment.replaceValue(place, key, value, next)) {
      return Found.GIVEN_UP;
    }
    if (!held) {
      return Found.NEW;
    }
    return WideWord.isCurrent(value, bit, now) ? Found.KNOWN : Found.OLD;
  }

  /**
   * An endpoint does not hold these blocks after all, unless they were used again since.
   *
   * @param takenBack gets the keys for which that is so; at least {@code size} long
   * @return number of these
   */
  int takeBack(long[] keys, int size, int slot, long[] takenBack) {
    int count = 0;
    for (int i = 0; i < size; i++) {
      if (takeBack(WideWord.nonZero(keys[i]), slot)) {
        takenBack[count++] = keys[i];
      }
    }
    return count;
  }

  private boolean takeBack(long key, int slot) {
    Segment segment = table.segment(key);
    int place = segment.find(key);
    long value = place < 0 ? 0 : segment.value(place);
    if (Holders.isWide(value)) {
      return takeBackWord(WideWord.key(key, WideWord.wordOf(slot)), WideWord.bitOf(slot));
    }
    int i = Holders.isInline(value) ? Holders.find(value, slot) : -1;
    return i >= 0
        && !Holders.isTouched(Holders.get(value, i))
        && replace(segment, place, key, value, Holders.with(value, i, 0));
  }

  private boolean takeBackWord(long key, int bit) {
    Segment segment = table.segment(key);
    int place = segment.find(key);
    long value = place < 0 ? 0 : segment.value(place);
    return WideWord.is(value)
        && WideWord.has(value, bit, epoch)
        && !WideWord.isTouched(value, bit)
        && replace(segment, place, key, value, WideWord.remove(value, bit));
  }

  /** Puts a value with one holder less, or removes the entry if none is left. */
  private boolean replace(Segment segment, int place, long key, long value, long next) {
    boolean empty = next == 0 || (WideWord.is(next) && WideWord.valid(next, epoch) == 0);
    boolean done =
        empty
            ? table.remove(segment, place, key, value)
            : segment.replaceValue(place, key, value, next);
    if (done) {
      pairs.decrement();
    }
    return done;
  }

  /** Moves the clocks on, for a 32nd part of the time to live; one thread. */
  void advance() {
    int next = epoch + 1;
    // As with the slots' clocks: it may not run away from the sweep.
    if (next - sweptEpoch <= Holders.VALID_EPOCHS) {
      epoch = next;
    }
    slots.advanceAll();
  }

  /**
   * Takes out expired holders, and those of endpoints that are gone, if it is time to; one thread.
   */
  void sweepIfDue() {
    List<Integer> retired = slots.retired();
    if (!retired.isEmpty() || slots.needsSweep() || epoch - sweptEpoch > SWEEP_EPOCHS) {
      int[] clocks = slots.beginSweep();
      int epochBefore = epoch;
      var gone = new BitSet(Holders.MAX_SLOTS);
      retired.forEach(gone::set);
      for (int i = 0; i < table.segments(); i++) {
        Segment swept;
        do {
          swept = table.segmentAt(i);
          sweep(swept, gone);
          // A larger one that came meanwhile was copied from what was not yet swept.
        } while (!table.isSegment(i, swept));
      }
      slots.swept(clocks);
      slots.recycle(retired);
      sweptEpoch = epochBefore;
    }
  }

  private void sweep(Segment segment, BitSet gone) {
    for (int place = 0; place < segment.size(); place++) {
      boolean done = false;
      for (int attempt = 0; attempt < ATTEMPTS && !done; attempt++) {
        long key = segment.key(place);
        long value = segment.value(place);
        done = key == 0 || value == 0 || sweep(segment, place, key, value, gone);
      }
    }
  }

  /** False if the entry was changed meanwhile. */
  private boolean sweep(Segment segment, int place, long key, long value, BitSet gone) {
    if (Holders.isInline(value)) {
      return sweepInline(segment, place, key, value, gone);
    }
    if (Holders.isWide(value)) {
      return sweepWide(segment, place, key, value, gone);
    }
    return WideWord.valid(value, epoch) != 0 || table.remove(segment, place, key, value);
  }

  private boolean sweepInline(Segment segment, int place, long key, long value, BitSet gone) {
    long next = value;
    int removed = 0;
    for (int i = 0; i < Holders.INLINE; i++) {
      int holder = Holders.get(value, i);
      if (holder != 0 && (gone.get(Holders.slot(holder)) || !isValid(holder))) {
        next = Holders.with(next, i, 0);
        removed++;
      }
    }
    if (removed == 0) {
      return true;
    }
    boolean done =
        next == 0
            ? table.remove(segment, place, key, value)
            : segment.replaceValue(place, key, value, next);
    if (done) {
      pairs.add(-removed);
    }
    return done;
  }

  private boolean sweepWide(Segment segment, int place, long key, long value, BitSet gone) {
    if (Holders.age(Holders.wideEpoch(value), epoch) > Holders.VALID_EPOCHS) {
      return table.remove(segment, place, key, value);
    }
    boolean done = true;
    for (int slot = gone.nextSetBit(0); slot >= 0; slot = gone.nextSetBit(slot + 1)) {
      long wordKey = WideWord.key(key, WideWord.wordOf(slot));
      Segment words = table.segment(wordKey);
      int wordPlace = words.find(wordKey);
      long word = wordPlace < 0 ? 0 : words.value(wordPlace);
      if (WideWord.is(word) && WideWord.has(word, WideWord.bitOf(slot), epoch)) {
        done &=
            replace(words, wordPlace, wordKey, word, WideWord.remove(word, WideWord.bitOf(slot)));
      }
    }
    return done;
  }

  /** The longer its freshest holder has not used it, the sooner an entry gives way. */
  private int staleness(long value) {
    int now = epoch;
    if (!Holders.isInline(value)) {
      int used = Holders.isWide(value) ? Holders.wideEpoch(value) : WideWord.epoch(value);
      return 2 * Holders.age(used, now);
    }
    int least = Integer.MAX_VALUE;
    for (int i = 0; i < Holders.INLINE; i++) {
      int holder = Holders.get(value, i);
      if (holder != 0) {
        int age = Holders.age(Holders.epoch(holder), slots.epoch(Holders.slot(holder)));
        least = Math.min(least, 2 * age + (Holders.isTouched(holder) ? 0 : 1));
      }
    }
    return least;
  }

  /** Pairs of block and endpoint, about; holders of widely held blocks count while they are new. */
  long pairs() {
    return Math.max(0, pairs.sum());
  }

  /** Blocks, and parts of widely held ones. */
  long entries() {
    return table.entries();
  }

  /** Bytes that the table takes. */
  long bytes() {
    return table.bytes();
  }

  /** True if next to all of the budget is in use: from here on, entries give way to others. */
  boolean isFull() {
    return table.isFull();
  }

  /** Entries ever evicted to make room. */
  long evictions() {
    return table.evictions();
  }
}
