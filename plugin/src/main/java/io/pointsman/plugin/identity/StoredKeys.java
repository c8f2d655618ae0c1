package io.pointsman.plugin.identity;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
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
    KeyListVersion now = store.version();
    KeyListVersion before = version;
    if (before != null && (now == null || !now.epoch().equals(before.epoch()))) {
      boolean ours = store.merge(before, snapshot().values());
      log.warn("Redis had lost its API keys: restored={}", ours);
      now = store.version();
    }
    if (keys != null && Objects.equals(now, before)) {
      return;
    }
    var read = new HashMap<KeyHash, ApiKey>();
    store.list().forEach(key -> read.put(key.hash(), key));
    keys = Map.copyOf(read);
    version = now;
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
