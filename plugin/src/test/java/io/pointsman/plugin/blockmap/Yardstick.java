package io.pointsman.plugin.blockmap;

/**
 * What the block map is held against in benchmarks: built on {@code ConcurrentHashMap}, without
 * budget, eviction or a way to drop an endpoint.
 */
interface Yardstick {
  /** Returns how many of these pairs are new. */
  int record(long[] keys, int size, int slot, int now);

  /**
   * Finds how many blocks from the start each slot holds.
   *
   * @param oldest holders that have not used a block since do not count
   * @param lengths by slot; gets the result
   * @return the largest of these numbers
   */
  int match(long[] keys, int size, int oldest, int[] lengths);
}
