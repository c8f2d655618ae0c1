package io.pointsman.plugin.blockmap;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;

/** What the block map takes and what it is good for. Thread-safe. */
final class PrefixMetrics implements AutoCloseable {
  private final MeterRegistry registry;
  private final Counter promptBytes;
  private final Counter matchedBytes;
  private final Counter gateOverrides;
  private final DistributionSummary matchedBlocks;
  private final List<Meter> meters;

  PrefixMetrics(BlockMap map, MeterRegistry registry) {
    this.registry = registry;
    promptBytes =
        Counter.builder("pointsman.prefix.prompt")
            .baseUnit("bytes")
            .description("Bytes in full blocks of prompts that prefix-cache has placed")
            .register(registry);
    matchedBytes =
        Counter.builder("pointsman.prefix.matched")
            .baseUnit("bytes")
            .description("Bytes of these that the chosen endpoint held already")
            .register(registry);
    gateOverrides =
        Counter.builder("pointsman.prefix.gate.overrides")
            .description("Requests that did not go to the longest match, because it was too busy")
            .register(registry);
    matchedBlocks =
        DistributionSummary.builder("pointsman.prefix.matched.blocks")
            .description("Blocks that the chosen endpoint held already, by request")
            .serviceLevelObjectives(1, 4, 16, 64, 256, 1024)
            .register(registry);
    meters =
        List.of(
            promptBytes,
            matchedBytes,
            gateOverrides,
            matchedBlocks,
            Gauge.builder("pointsman.blockmap.entries", map, BlockMap::entries)
                .description("Entries in the block map")
                .register(registry),
            Gauge.builder("pointsman.blockmap.pairs", map, BlockMap::pairs)
                .description("Pairs of block and endpoint in the block map, about")
                .register(registry),
            Gauge.builder("pointsman.blockmap.size", map, BlockMap::bytes)
                .baseUnit("bytes")
                .description("Memory of the block map")
                .register(registry),
            FunctionCounter.builder("pointsman.blockmap.evictions", map, BlockMap::evictions)
                .description("Entries evicted to stay within the memory budget")
                .register(registry));
  }

  void placed(PromptMatch match, int matched) {
    int blockBytes = match.hasher().blockBytes();
    promptBytes.increment((double) match.blocks() * blockBytes);
    matchedBytes.increment((double) matched * blockBytes);
    matchedBlocks.record(matched);
    if (matched < match.longest()) {
      gateOverrides.increment();
    }
  }

  @Override
  public void close() {
    meters.forEach(registry::remove);
  }
}
