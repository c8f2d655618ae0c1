package io.pointsman.plugin.blockmap;

import java.time.Duration;

/**
 * How block news travel between replicas.
 *
 * @param keyPrefix begins every key in Redis; releases that share a Redis differ in it
 * @param shards number of streams; must be the same on every replica
 * @param format fingerprint of what hashes mean; batches with another one are skipped
 * @param flushInterval longest time news wait for company
 * @param outboxHashes hashes that may wait to be sent while Redis is slow or away
 * @param streamBytes about how much memory each stream may take in Redis
 * @param timeToLive age at which news are no longer worth reading
 * @param recoveryDeadline longest time a starting replica reads back
 */
public record ReplicationSettings(
    String keyPrefix,
    int shards,
    long format,
    Duration flushInterval,
    int outboxHashes,
    long streamBytes,
    Duration timeToLive,
    Duration recoveryDeadline) {

  /** Keys of one shard: one hash tag, so that a cluster keeps them on one node. */
  String key(int shard, String name) {
    return keyPrefix + "/{blocks-" + shard + "}/" + name;
  }

  /** Says in each batch what it means: with another number of shards, models lie elsewhere. */
  long fingerprint() {
    return 31 * format + shards;
  }

  int shardOf(String model) {
    return Math.floorMod(model.hashCode(), shards);
  }
}
