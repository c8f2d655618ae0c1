package io.pointsman.plugin.blockmap;

import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A {@link PlainBlockMap} that was worked on: a block's holders are an array of (slot, last use),
 * replaced as a whole.
 */
final class ArrayBlockMap implements Yardstick {
  private static final long[] NONE = {};

  private final ConcurrentHashMap<Long, long[]> holders = new ConcurrentHashMap<>();

  @Override
  public int record(long[] keys, int size, int slot, int now) {
    int count = 0;
    for (int i = 0; i < size; i++) {
      long[] old = holders.get(keys[i]);
      long[] next =
          holders.merge(
              keys[i], new long[] {holder(slot, now)}, (was, added) -> with(was, slot, now));
      if (old == null || next.length > old.length) {
        count++;
      }
    }
    return count;
  }

  private static long[] with(long[] old, int slot, int now) {
    for (int i = 0; i < old.length; i++) {
      if ((int) (old[i] >>> 32) == slot) {
        long[] used = old.clone();
        used[i] = holder(slot, now);
        return used;
      }
    }
    long[] added = Arrays.copyOf(old, old.length + 1);
    added[old.length] = holder(slot, now);
    return added;
  }

  private static long holder(int slot, int now) {
    return ((long) slot << 32) | now;
  }

  @Override
  public int match(long[] keys, int size, int oldest, int[] lengths) {
    Arrays.fill(lengths, 0);
    for (int block = 0; block < size; block++) {
      boolean any = false;
      for (long holder : holders.getOrDefault(keys[block], NONE)) {
        int slot = (int) (holder >>> 32);
        if (lengths[slot] == block && (int) holder >= oldest) {
          lengths[slot] = block + 1;
          any = true;
        }
      }
      if (!any) {
        return block;
      }
    }
    return size;
  }
}
