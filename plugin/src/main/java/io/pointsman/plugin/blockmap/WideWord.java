package io.pointsman.plugin.blockmap;

/**
 * The 64-bit value of an entry that holds a part of a widely held block's holders: bits 63 and 62
 * set, 6 bits of the map's epoch at which the present generation began, and three bits for each of
 * 18 slots: used in this generation, used in the one before, used again after it was added.
 *
 * <p>A generation lasts a quarter of the time to live or more. What was used only in the one before
 * counts no longer once that could be older than the time to live.
 */
final class WideWord {
  /** Slots to a word. */
  static final int SLOTS = 18;

  /** Words to a group: as many as have room in a cache line. */
  static final int NEIGHBOURS = 4;

  private static final int MEMBER_SHIFT = 32;

  private static final int MASK = (1 << SLOTS) - 1;
  private static final long TAG = 3L << 62;
  private static final int EPOCH_SHIFT = 56;
  private static final int ROTATE = Holders.VALID_EPOCHS / 4;
  private static final int KEEP = Holders.VALID_EPOCHS / 2;

  private WideWord() {}

  static boolean is(long value) {
    return (value >>> 62) == 3;
  }

  static int wordOf(int slot) {
    return slot / SLOTS;
  }

  static int bitOf(int slot) {
    return slot % SLOTS;
  }

  /** Which neighbours a word stands among. */
  static int groupOf(int word) {
    return word / NEIGHBOURS;
  }

  /** Which of its neighbours a word is. */
  static int memberOf(int word) {
    return word % NEIGHBOURS;
  }

  /** The key of the entry that holds the first word of a group of a block's holders. */
  static long groupKey(long blockKey, int group) {
    long x = (blockKey ^ (group + 1L) * 0x9e3779b97f4a7c15L) * 0xff51afd7ed558ccdL;
    // Never zero, also with the bits of a member.
    return (x ^ (x >>> 32)) | 1;
  }

  /**
   * The key of another word of the same group. It differs only in bits that choose neither segment
   * nor home, so that neighbours mostly stand in one cache line and are found by one search.
   */
  static long memberKey(long groupKey, int member) {
    return groupKey ^ ((long) member << MEMBER_SHIFT);
  }

  /** Which member of a group this key is of, or -1. */
  static int member(long groupKey, long key) {
    long difference = groupKey ^ key;
    return (difference & ~(((long) NEIGHBOURS - 1) << MEMBER_SHIFT)) == 0
        ? (int) (difference >>> MEMBER_SHIFT)
        : -1;
  }

  /** The key of the entry that holds a word of a block's holders. */
  static long key(long blockKey, int word) {
    return memberKey(groupKey(blockKey, groupOf(word)), memberOf(word));
  }

  /** Zero marks an entry that is free, so no block has that key. */
  static long nonZero(long key) {
    return key == 0 ? 1 : key;
  }

  static long create(int epoch) {
    return TAG | ((long) (epoch & (Holders.EPOCHS - 1)) << EPOCH_SHIFT);
  }

  static int epoch(long value) {
    return (int) (value >>> EPOCH_SHIFT) & (Holders.EPOCHS - 1);
  }

  /** The slots of this word that count now, as bits. */
  static int valid(long value, int now) {
    int age = Holders.age(epoch(value), now);
    if (age > Holders.VALID_EPOCHS) {
      return 0;
    }
    return age <= KEEP ? current(value) | previous(value) : current(value);
  }

  static boolean has(long value, int bit, int now) {
    return (valid(value, now) & (1 << bit)) != 0;
  }

  /** True if the slot was used in the present generation, and that one is not yet to end. */
  static boolean isCurrent(long value, int bit, int now) {
    return Holders.age(epoch(value), now) < ROTATE && (current(value) & (1 << bit)) != 0;
  }

  /** Used now: begins a new generation if it is time to, and marks the slot. */
  static long use(long value, int bit, int now) {
    int age = Holders.age(epoch(value), now);
    boolean held = has(value, bit, now);
    long next = value;
    if (age >= ROTATE) {
      // What is carried over may be as old as the generation, and will count for KEEP more.
      int carried = age <= KEEP ? current(value) : 0;
      next = create(now) | ((long) carried << SLOTS) | ((long) touched(value) << (2 * SLOTS));
    }
    long touchedBit = 1L << (2 * SLOTS + bit);
    next |= 1L << bit;
    return held ? next | touchedBit : next & ~touchedBit;
  }

  /** Without this slot. */
  static long remove(long value, int bit) {
    return value & ~((1L | (1L << SLOTS) | (1L << (2 * SLOTS))) << bit);
  }

  static boolean isTouched(long value, int bit) {
    return (touched(value) & (1 << bit)) != 0;
  }

  private static int current(long value) {
    return (int) value & MASK;
  }

  private static int previous(long value) {
    return (int) (value >>> SLOTS) & MASK;
  }

  private static int touched(long value) {
    return (int) (value >>> (2 * SLOTS)) & MASK;
  }
}
