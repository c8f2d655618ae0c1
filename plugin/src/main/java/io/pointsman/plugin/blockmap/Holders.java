package io.pointsman.plugin.blockmap;

/**
 * The 64-bit value behind a block's key: who holds the block. Bit 63 tells the two forms apart.
 *
 * <p>Inline (bit 63 clear): up to three holders of 21 bits each: slot (14 bits, never 0), the
 * slot's epoch when it was last used (6 bits), and whether it was used again after it was added (1
 * bit).
 *
 * <p>Wide (bit 63 set, bit 62 clear), for blocks with more holders: 6 bits of the map's epoch at
 * the last use, and 56 bits that say in which groups of words holders are: bit {@code group % 56}.
 * The holders stand in entries of their own, one for each word of {@link WideWord#SLOTS} slots.
 *
 * <p>Zero is no value: an entry that is being written.
 */
final class Holders {
  /** Slots are below this number. */
  static final int MAX_SLOTS = 1 << 14;

  /** Epochs are counted modulo this number. */
  static final int EPOCHS = 64;

  /** A holder that has not used a block for so many epochs holds it no longer. */
  static final int VALID_EPOCHS = 32;

  static final int INLINE = 3;

  /**
   * A pair in use is told to the other replicas once in each period of so many epochs, so that
   * those who do not use it themselves do not take it for expired.
   */
  private static final int PERIOD_EPOCHS = VALID_EPOCHS / 4;

  private static final int HOLDER_BITS = 21;
  private static final long HOLDER_MASK = (1L << HOLDER_BITS) - 1;
  private static final long WIDE = 1L << 63;
  private static final int WIDE_GROUPS = 56;
  private static final int WIDE_EPOCH_SHIFT = 56;

  private Holders() {}

  static boolean isInline(long value) {
    return value > 0;
  }

  static boolean isWide(long value) {
    return (value >>> 62) == 2;
  }

  /** A holder that was just added. */
  static int holder(int slot, int epoch) {
    return (slot << 7) | ((epoch & (EPOCHS - 1)) << 1);
  }

  static int slot(int holder) {
    return holder >>> 7;
  }

  static int epoch(int holder) {
    return (holder >>> 1) & (EPOCHS - 1);
  }

  static boolean isTouched(int holder) {
    return (holder & 1) != 0;
  }

  static int touched(int holder) {
    return holder | 1;
  }

  /** Holder {@code i} of an inline value, or 0. */
  static int get(long value, int i) {
    return (int) ((value >>> (i * HOLDER_BITS)) & HOLDER_MASK);
  }

  /** An inline value with holder {@code i} replaced; 0 removes it. */
  static long with(long value, int i, int holder) {
    int shift = i * HOLDER_BITS;
    return (value & ~(HOLDER_MASK << shift)) | ((long) holder << shift);
  }

  /** Position of a slot in an inline value, or -1. */
  static int find(long value, int slot) {
    for (int i = 0; i < INLINE; i++) {
      if (slot(get(value, i)) == slot) {
        return i;
      }
    }
    return -1;
  }

  /**
   * The first of two values of one block, with the inline holders of the second for which there is
   * room.
   */
  static long merge(long value, long other) {
    if (!isInline(value) || !isInline(other)) {
      return value;
    }
    long merged = value;
    for (int i = 0; i < INLINE; i++) {
      int holder = get(other, i);
      int free = find(merged, 0);
      if (holder != 0 && free >= 0 && find(merged, slot(holder)) < 0) {
        merged = with(merged, free, holder);
      }
    }
    return merged;
  }

  /** Epochs that have passed since, modulo {@link #EPOCHS}. */
  static int age(int epoch, int now) {
    return (now - epoch) & (EPOCHS - 1);
  }

  /** True if a pair that was used at one epoch need not be told again at the other. */
  static boolean isSamePeriod(int epoch, int now) {
    return (epoch & (EPOCHS - 1)) / PERIOD_EPOCHS == (now & (EPOCHS - 1)) / PERIOD_EPOCHS;
  }

  static long wide(int epoch) {
    return WIDE | ((long) (epoch & (EPOCHS - 1)) << WIDE_EPOCH_SHIFT);
  }

  static int wideEpoch(long value) {
    return (int) (value >>> WIDE_EPOCH_SHIFT) & (EPOCHS - 1);
  }

  static long withSlot(long value, int slot) {
    return value | (1L << (WideWord.groupOf(WideWord.wordOf(slot)) % WIDE_GROUPS));
  }

  static boolean mayHaveGroup(long value, int group) {
    return (value & (1L << (group % WIDE_GROUPS))) != 0;
  }

  /** The same groups, used at another epoch. */
  static long usedAt(long value, int epoch) {
    return wide(epoch) | (value & ((1L << WIDE_GROUPS) - 1));
  }
}
