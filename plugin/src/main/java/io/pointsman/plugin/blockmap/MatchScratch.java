package io.pointsman.plugin.blockmap;

import java.util.Arrays;

/** Arrays for one look-up at a time, and its result. Belongs to one thread. */
final class MatchScratch {
  /** By word of the pool: candidates that hold every block so far. */
  int[] alive = new int[8];

  /** By word of the pool: candidates that hold the block at hand. */
  int[] held = new int[8];

  /** The words in which candidates are alive. */
  int[] active = new int[8];

  /** By {@link PoolSlots#dense}: full blocks that match from the start. */
  private int[] lengths = new int[8 * WideWord.SLOTS];

  private PoolSlots pool = new PoolSlots(new int[0]);

  void begin(PoolSlots newPool) {
    pool = newPool;
    int words = newPool.size();
    if (alive.length < words) {
      alive = new int[words];
      held = new int[words];
      active = new int[words];
      lengths = new int[words * WideWord.SLOTS];
    }
    Arrays.fill(lengths, 0, words * WideWord.SLOTS, 0);
  }

  /** Full blocks that candidate {@code i} holds from the start. */
  int length(int i) {
    int dense = pool.dense(i);
    return dense < 0 ? 0 : lengths[dense];
  }

  void setLengths(int word, int bits, int length) {
    int base = word * WideWord.SLOTS;
    for (int rest = bits; rest != 0; rest &= rest - 1) {
      lengths[base + Integer.numberOfTrailingZeros(rest)] = length;
    }
  }
}
