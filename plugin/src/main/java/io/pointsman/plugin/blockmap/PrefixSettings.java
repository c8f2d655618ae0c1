package io.pointsman.plugin.blockmap;

import java.time.Duration;

/**
 * How prompts are remembered.
 *
 * @param blockBytes size of a block where a config profile does not say otherwise
 * @param maxPromptBytes how much of a prompt is looked at, from its start
 * @param mapBytes memory for the block map, a hard limit
 * @param timeToLive a block not used for this long does not count
 * @param blocksPerEndpoint how many blocks, of any size, an endpoint's cache is taken to hold
 */
public record PrefixSettings(
    int blockBytes, int maxPromptBytes, long mapBytes, Duration timeToLive, int blocksPerEndpoint) {

  /** Stands for an endpoint whose cache is not known to be smaller than all that is remembered. */
  public static final int UNKNOWN_CACHE = Integer.MAX_VALUE;

  public static final PrefixSettings DEFAULTS =
      new PrefixSettings(128, 1 << 20, 256L << 20, Duration.ofMinutes(20), UNKNOWN_CACHE);
}
