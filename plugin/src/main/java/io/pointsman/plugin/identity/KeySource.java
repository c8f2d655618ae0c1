package io.pointsman.plugin.identity;

import org.jspecify.annotations.Nullable;

/** Where keys come from, as far as they are in memory. Thread-safe. */
interface KeySource extends AutoCloseable {
  /** The key with this hash, or null. */
  @Nullable ApiKey find(KeyHash hash);

  /** False if keys may exist that this source has not seen yet. */
  boolean isComplete();

  @Override
  void close();
}
