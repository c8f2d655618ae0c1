package io.pointsman.plugin.blockmap;

import io.pointsman.plugin.blockmap.BlockMapBenchmark.Filled;
import io.pointsman.plugin.blockmap.BlockMapBenchmark.Kind;
import io.pointsman.plugin.blockmap.BlockMapBenchmark.Size;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;

/**
 * Heap that a full block map takes for each pair of block and endpoint, beside the yardsticks
 * {@link PlainBlockMap} and {@link ArrayBlockMap}. Run the main method, best with {@code -Xmx6g
 * -XX:+UseSerialGC}.
 */
final class BlockMapFootprint {
  private BlockMapFootprint() {}

  public static void main(String[] args) {
    System.out.println("endpoints  shared blocks  map           pairs  bytes/pair");
    for (Size size : Size.values()) {
      for (int shared : new int[] {0, 16}) {
        for (Kind kind : Kind.values()) {
          print(size, shared, kind);
        }
      }
    }
  }

  private static void print(Size size, int shared, Kind kind) {
    long before = usedHeap();
    var filled = new Filled();
    filled.size = size;
    filled.blocks = 128;
    filled.shared = shared;
    filled.kind = kind;
    try {
      long pairs = filled.fillMap();
      double bytes = (double) (usedHeap() - before) / pairs;
      System.out.printf(
          "%9d  %13d  %-9s  %8d  %10.1f%n", size.endpoints(), shared, kind, pairs, bytes);
    } finally {
      Reference.reachabilityFence(filled);
    }
  }

  private static long usedHeap() {
    var memory = ManagementFactory.getMemoryMXBean();
    for (int i = 0; i < 3; i++) {
      memory.gc();
    }
    return memory.getHeapMemoryUsage().getUsed();
  }
}
