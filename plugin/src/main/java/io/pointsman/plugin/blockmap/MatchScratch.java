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

  /** Keys of the groups of words that may list holders of the block at hand. */
  long[] groupKeys = new long[8];

  /** What these groups are, and as bits which of their words are looked for. */
  int[] groups = new int[8];

  int[] members = new int[8];

  /** The words of the group at hand, or 0. */
  final long[] groupWords = new long[WideWord.NEIGHBOURS];

  /** Where {@link BlockTable#touch} leaves what it read; means nothing. */
  long touched;

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
      groupKeys = new long[words];
      groups = new int[words];
      members = new int[words];
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
    if (bits == pool.bits(word)) {
      Arrays.fill(lengths, base, base + WideWord.SLOTS, length);
      return;
    }
    for (int rest = bits; rest != 0; rest &= rest - 1) {
      lengths[base + Integer.numberOfTrailingZeros(rest)] = length;
    }
  }
}
