package io.pointsman.plugin.identity;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.identity.ApiKeyStore.KeyList;
import io.pointsman.plugin.identity.ApiKeyStore.Merge;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.exceptions.JedisException;

/**
 * The keys of Redis, all in memory. Twice a second their version is read, and after a change all of
 * them. While Redis is away the last known ones stay in force; if it comes back without them, they
 * are given back to it.
 */
final class StoredKeys implements KeySource {
  private static final Logger log = LoggerFactory.getLogger(StoredKeys.class);

  private static final long LOOK_MS = 500;

  private final ApiKeyStore store;
  private final ScheduledExecutorService thread;
  private volatile @Nullable Map<KeyHash, ApiKey> keys;
  private @Nullable KeyListVersion version;
  private boolean failing;

  private StoredKeys(ApiKeyStore store) {
    this.store = store;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var created = new Thread(task, "api-keys");
              created.setDaemon(true);
              return created;
            });
  }

  /** Begins to follow; returns at once. */
  static StoredKeys start(ApiKeyStore store, MeterRegistry meters) {
    var stored = new StoredKeys(store);
    Gauge.builder("pointsman.api.keys.stored", stored, s -> s.snapshot().size())
        .description("API keys of Redis that are in force here")
        .strongReference(true)
        .register(meters);
    var unused =
        stored.thread.scheduleWithFixedDelay(stored::look, 0, LOOK_MS, TimeUnit.MILLISECONDS);
    return stored;
  }

  private void look() {
    try {
      follow();
      if (failing) {
        failing = false;
        log.info("API keys of Redis are followed again: keys={}", snapshot().size());
      }
    } catch (JedisException e) {
      if (!failing && version != null) {
        log.warn("API keys of Redis are not followed, the last known stay: {}", e.getMessage());
      }
      failing = version != null;
    } catch (RuntimeException e) {
      log.error("API keys could not be followed", e);
    }
  }

  private void follow() {
    KeyListVersion before = version;
    if (keys != null && Objects.equals(store.version(), before)) {
      return;
    }
    KeyList found = store.read();
    if (before != null && !before.isOfEpochOf(found.version())) {
      Merge merge = store.merge(before, snapshot().values());
      log.warn("Redis had lost its API keys, or has another list: restored={}", merge.ours());
      found = merge.list();
    }
    var read = new HashMap<KeyHash, ApiKey>();
    found.keys().forEach(key -> read.put(key.hash(), key));
    keys = Map.copyOf(read);
    version = found.version();
    log.info("API keys of Redis in force: keys={}", read.size());
  }

  private Map<KeyHash, ApiKey> snapshot() {
    Map<KeyHash, ApiKey> now = keys;
    return now == null ? Map.of() : now;
  }

  @Override
  public @Nullable ApiKey find(KeyHash hash) {
    return snapshot().get(hash);
  }

  @Override
  public boolean isComplete() {
    return keys != null;
  }

  @Override
  public void close() {
    thread.shutdownNow();
    try {
      thread.awaitTermination(2, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
