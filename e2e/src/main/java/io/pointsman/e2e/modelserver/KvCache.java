package io.pointsman.e2e.modelserver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;

/**
 * Which prompt blocks a server still holds. A block's key is a hash chained over all blocks before
 * it, so that a key stands for a whole prefix. Least recently used blocks go first, and of one
 * prompt the last blocks before the first ones, as in vLLM. Not thread-safe.
 */
final class KvCache {
  /** Tokens in a block. */
  static final int BLOCK_TOKENS = 16;

  /** Bytes that are taken for one token. */
  static final int TOKEN_BYTES = 4;

  private static final int BLOCK_BYTES = BLOCK_TOKENS * TOKEN_BYTES;

  private final int capacity;
  private final LinkedHashMap<Long, Boolean> blocks = new LinkedHashMap<>(16, 0.75f, true);
  private int reserved;

  KvCache(int capacity) {
    this.capacity = capacity;
  }

  /** Estimated tokens in a text, at least 1. */
  static int tokens(String text) {
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    return Math.max(1, (bytes + TOKEN_BYTES - 1) / TOKEN_BYTES);
  }

  /** Keys of the full blocks of a text; an incomplete last block has none. */
  static long[] chain(String model, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    var keys = new long[bytes.length / BLOCK_BYTES];
    ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long key = mix(model.hashCode());
    for (int block = 0; block < keys.length; block++) {
      for (int i = 0; i < BLOCK_BYTES; i += Long.BYTES) {
        key = mix(key ^ words.getLong(block * BLOCK_BYTES + i));
      }
      keys[block] = key;
    }
    return keys;
  }

  /** Number of blocks from the start that are held; they become the most recently used. */
  int match(long[] chain) {
    int held = 0;
    while (held < chain.length && blocks.containsKey(chain[held])) {
      held++;
    }
    for (int i = held - 1; i >= 0; i--) {
      blocks.get(chain[i]);
    }
    return held;
  }

  /** Holds these blocks, and forgets the least recently used ones beyond the capacity. */
  void add(long[] chain) {
    for (int i = chain.length - 1; i >= 0; i--) {
      blocks.put(chain[i], Boolean.TRUE);
    }
    var eldest = blocks.entrySet().iterator();
    for (int surplus = blocks.size() - capacity; surplus > 0; surplus--) {
      eldest.next();
      eldest.remove();
    }
  }

  /** Sets room aside for a running request; false if there is none at present. */
  boolean reserve(int count) {
    if (reserved + count > capacity) {
      return false;
    }
    reserved += count;
    return true;
  }

  /** Gives room back. */
  void free(int count) {
    reserved -= count;
  }

  /** The part of the cache that running requests occupy, 0 to 1. */
  double usage() {
    return (double) reserved / capacity;
  }

  /** Blocks held. */
  int size() {
    return blocks.size();
  }

  // The finaliser of SplittableRandom (Steele, Lea, Flood 2014): every input bit moves every other.
  private static long mix(long z) {
    z = (z + 0x9e3779b97f4a7c15L);
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
