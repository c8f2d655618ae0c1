package io.pointsman.plugin.blockmap;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A block map as one writes it in a few lines: from block to holder to last use. */
final class PlainBlockMap implements Yardstick {
  private final Map<Long, Map<Integer, Integer>> holders = new ConcurrentHashMap<>();

  @Override
  public int record(long[] keys, int size, int slot, int now) {
    int count = 0;
    for (int i = 0; i < size; i++) {
      var block = holders.computeIfAbsent(keys[i], key -> new ConcurrentHashMap<>(1));
      count += block.put(slot, now) == null ? 1 : 0;
    }
    return count;
  }

  @Override
  public int match(long[] keys, int size, int oldest, int[] lengths) {
    Arrays.fill(lengths, 0);
    for (int block = 0; block < size; block++) {
      boolean any = false;
      for (var holder : holders.getOrDefault(keys[block], Map.of()).entrySet()) {
        int slot = holder.getKey();
        if (lengths[slot] == block && holder.getValue() >= oldest) {
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
