package io.pointsman.e2e.modelserver;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;

/**
 * KV caches that a prefill server keeps until another server has fetched them, each once, or their
 * time is over. Thread-safe.
 */
final class KvExports {
  /**
   * A KV cache as its holder names it.
   *
   * @param engineId changes with each start of the server
   * @param requestId the request that it was computed for
   * @param blockIds its blocks; no other KV cache of this server has the same
   */
  record Export(String engineId, String requestId, List<Long> blockIds) {
    Export {
      blockIds = List.copyOf(blockIds);
    }
  }

  private record Held(Export export, KvCopy copy, long until) {}

  private final String engineId = UUID.randomUUID().toString();
  private final long keepNanos;
  private final LongSupplier nanos;
  private final Map<String, Held> held = new LinkedHashMap<>();
  private long nextBlock;

  /**
   * @param keepNanos how long a KV cache waits
   * @param nanos the clock
   */
  KvExports(long keepNanos, LongSupplier nanos) {
    this.keepNanos = keepNanos;
    this.nanos = nanos;
  }

  /** Keeps the KV cache of a request. */
  synchronized Export offer(String requestId, KvCopy copy) {
    dropExpired();
    int tokens = KvCache.tokens(copy.prompt());
    int blocks = (tokens + KvCache.BLOCK_TOKENS - 1) / KvCache.BLOCK_TOKENS;
    List<Long> ids = LongStream.range(nextBlock, nextBlock + blocks).boxed().toList();
    nextBlock += blocks;
    var export = new Export(engineId, requestId, ids);
    held.put(requestId, new Held(export, copy, nanos.getAsLong() + keepNanos));
    return export;
  }

  /** Gives a KV cache away, if it is exactly the one that is asked for. */
  synchronized KvCopy take(Export wanted) throws TransferFailure {
    dropExpired();
    if (!wanted.engineId().equals(engineId)) {
      throw new TransferFailure("this is not engine " + wanted.engineId());
    }
    Held found = held.get(wanted.requestId());
    if (found == null) {
      throw new TransferFailure(
          "no KV cache of request " + wanted.requestId() + ": never here, fetched or expired");
    }
    if (!found.export().blockIds().equals(wanted.blockIds())) {
      throw new TransferFailure("other blocks belong to request " + wanted.requestId());
    }
    held.remove(wanted.requestId());
    return found.copy();
  }

  /** KV caches that wait to be fetched. */
  synchronized int held() {
    dropExpired();
    return held.size();
  }

  private void dropExpired() {
    long now = nanos.getAsLong();
    held.values().removeIf(kept -> kept.until() - now <= 0);
  }
}
