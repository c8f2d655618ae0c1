package io.pointsman.plugin.blockmap;

import java.util.Arrays;

/**
 * The slots of a pool's candidates, laid out for matching: as bits in the words in which widely
 * held blocks list their holders. Immutable.
 */
final class PoolSlots {
  private static final int GROUPS = Holders.MAX_SLOTS / (WideWord.SLOTS * WideWord.NEIGHBOURS) + 1;
  private static final int WORDS = GROUPS * WideWord.NEIGHBOURS;

  private final int[] words;
  private final int[] bits;
  private final int[] positions = new int[WORDS];
  private final int[] dense;

  /**
   * @param slots of each candidate; {@link EndpointSlots#NONE} for one that never matches
   */
  PoolSlots(int[] slots) {
    int[] bitsOfWord = new int[WORDS];
    for (int slot : slots) {
      if (slot != EndpointSlots.NONE) {
        bitsOfWord[WideWord.wordOf(slot)] |= 1 << WideWord.bitOf(slot);
      }
    }
    Arrays.fill(positions, -1);
    int count = 0;
    int[] found = new int[WORDS];
    for (int word = 0; word < WORDS; word++) {
      if (bitsOfWord[word] != 0) {
        positions[word] = count;
        found[count++] = word;
      }
    }
    words = Arrays.copyOf(found, count);
    bits = new int[count];
    for (int i = 0; i < count; i++) {
      bits[i] = bitsOfWord[words[i]];
    }
    dense = new int[slots.length];
    for (int i = 0; i < slots.length; i++) {
      dense[i] = slots[i] == EndpointSlots.NONE ? -1 : denseIndex(slots[i]);
    }
  }

  private int denseIndex(int slot) {
    return positions[WideWord.wordOf(slot)] * WideWord.SLOTS + WideWord.bitOf(slot);
  }

  /** Number of words with candidates in them. */
  int size() {
    return words.length;
  }

  /** The number of the {@code i}th such word. */
  int word(int i) {
    return words[i];
  }

  /** The candidates in it. */
  int bits(int i) {
    return bits[i];
  }

  /** Which of the words this is, or -1 if no candidate is in it. */
  int position(int word) {
    return positions[word];
  }

  /** Where candidate {@code i}'s match length stands, or -1. */
  int dense(int i) {
    return dense[i];
  }
}
