package io.pointsman.plugin.blockmap;

import java.util.SplittableRandom;

/**
 * Made-up prompts for benchmarks. Each begins with a system prompt that every endpoint holds, and
 * goes on with a conversation that one, two or three endpoints hold: what sticky routing with a
 * load gate leaves behind.
 */
final class Prompts {
  /** Takes what is to be recorded. */
  interface Recorder {
    void record(long[] keys, int endpoint);
  }

  private static final int SYSTEM_PROMPTS = 8;

  private final int endpoints;
  private final int sharedBlocks;
  private final int blocks;
  private final int count;

  /**
   * @param pairs of block and endpoint that all prompts together come to, about
   * @param sharedBlocks length of the system prompts
   * @param blocks length of a prompt
   */
  Prompts(int endpoints, int pairs, int sharedBlocks, int blocks) {
    this.endpoints = endpoints;
    this.sharedBlocks = sharedBlocks;
    this.blocks = blocks;
    int shared = SYSTEM_PROMPTS * sharedBlocks * endpoints;
    // 10 conversations are in 14 places.
    int own = Math.max(1, blocks - sharedBlocks);
    count = (int) Math.max(1, (pairs - shared) / 1.4 / own);
  }

  int count() {
    return count;
  }

  /** Records every system prompt for all endpoints and every conversation where it was held. */
  void recordAll(Recorder recorder) {
    for (int system = 0; system < SYSTEM_PROMPTS; system++) {
      for (int endpoint = 0; endpoint < endpoints; endpoint++) {
        recorder.record(chain(system, 0, sharedBlocks), endpoint);
      }
    }
    for (int i = 0; i < count; i++) {
      var random = new SplittableRandom(i);
      int places = i % 10 == 0 ? 3 : i % 10 < 3 ? 2 : 1;
      long[] keys = keys(i);
      for (int place = 0; place < places; place++) {
        recorder.record(keys, random.nextInt(endpoints));
      }
    }
  }

  /** The keys of prompt {@code i}. */
  long[] keys(int i) {
    return chain(i % SYSTEM_PROMPTS, i + 1L, blocks);
  }

  private long[] chain(int system, long conversation, int length) {
    long[] keys = new long[length];
    for (int block = 0; block < length; block++) {
      long owner = block < sharedBlocks ? -1L - system : conversation;
      keys[block] = new SplittableRandom(owner * 100_003 + block).nextLong();
    }
    return keys;
  }
}
