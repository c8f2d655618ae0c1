package io.pointsman.plugin.blockmap;

import io.pointsman.plugin.redis.RedisCommands;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.XAddParams;
import redis.clients.jedis.params.XTrimParams;

/**
 * Appends this replica's batches to the stream of one shard, trims it, and can say everything again
 * after Redis has lost it. All but {@link #sayAgain} is called from one thread.
 */
final class StreamWriter {
  private static final Logger log = LoggerFactory.getLogger(StreamWriter.class);

  static final byte[] FIELD = "b".getBytes(StandardCharsets.US_ASCII);

  /** Own batches kept for saying them again, and batches that wait for Redis; each in bytes. */
  private static final int KEPT_BYTES = 4 << 20;

  private static final int PIPELINE = 64;

  /** What Redis takes for an entry beside its payload, about. */
  private static final int ENTRY_OVERHEAD = 64;

  @SuppressWarnings("ArrayRecordComponent") // a carrier: never compared, never printed
  private record Batch(byte[] payload, int hashes) {}

  private final ReplicationSettings settings;
  private final RedisCommands redis;
  private final byte[] key;
  private final BatchMaker maker;
  private final Deque<Batch> pending = new ArrayDeque<>();
  private final Deque<Batch> sent = new ArrayDeque<>();
  private final AtomicLong sentBatches = new AtomicLong();
  private final AtomicLong waiting = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private long pendingBytes;
  private long sentBytes;
  private double averageBytes = 1_024;
  private boolean failing;
  private volatile boolean again;

  StreamWriter(ReplicationSettings settings, int shard, long replica, RedisCommands redis) {
    this.settings = settings;
    this.redis = redis;
    this.key = settings.key(shard, "stream").getBytes(StandardCharsets.UTF_8);
    this.maker = new BatchMaker(settings.fingerprint(), replica);
  }

  /** Sends these news and whatever could not be sent before. */
  void write(List<BlockNews> news) {
    for (byte[] payload : maker.pack(news)) {
      var batch = new Batch(payload, payload.length / Long.BYTES);
      pending.add(batch);
      added(batch);
    }
    if (again) {
      again = false;
      sayAgainNow();
    }
    while (pendingBytes > KEPT_BYTES) {
      Batch lost = pending.remove();
      removed(lost);
      dropped.addAndGet(lost.hashes());
    }
    flush();
  }

  private void added(Batch batch) {
    pendingBytes += batch.payload().length;
    waiting.addAndGet(batch.hashes());
  }

  private void removed(Batch batch) {
    pendingBytes -= batch.payload().length;
    waiting.addAndGet(-batch.hashes());
  }

  private void flush() {
    try {
      while (!pending.isEmpty()) {
        append(Math.min(PIPELINE, pending.size()));
      }
      if (failing) {
        failing = false;
        log.info("block news are shared again: stream={}", new String(key, StandardCharsets.UTF_8));
      }
    } catch (JedisException e) {
      if (!failing) {
        failing = true;
        log.warn("block news are kept back until Redis takes them: reason={}", e.getMessage());
      }
    }
  }

  private void append(int count) {
    redis.run(
        "blocks-append",
        client -> {
          try (AbstractPipeline pipeline = client.pipelined()) {
            var replies =
                pending.stream()
                    .limit(count)
                    .map(batch -> pipeline.xadd(key, limit(), Map.of(FIELD, batch.payload())))
                    .toList();
            pipeline.sync();
            // The first refusal ends the run; what was taken before it is not sent again.
            replies.forEach(
                reply -> {
                  reply.get();
                  moveToSent();
                });
            return count;
          }
        });
  }

  private XAddParams limit() {
    long entries = (long) (settings.streamBytes() / (averageBytes + ENTRY_OVERHEAD));
    return XAddParams.xAddParams().maxLen(Math.max(1, entries)).approximateTrimming();
  }

  private void moveToSent() {
    Batch batch = pending.remove();
    removed(batch);
    int bytes = batch.payload().length;
    averageBytes += (bytes - averageBytes) / 64;
    sentBatches.incrementAndGet();
    sent.add(batch);
    sentBytes += bytes;
    while (sentBytes > KEPT_BYTES) {
      sentBytes -= sent.remove().payload().length;
    }
  }

  /** Removes what is older than the time to live. */
  void trim(long newestMs) {
    String oldest = Long.toString(newestMs - settings.timeToLive().toMillis());
    redis.run(
        "blocks-trim",
        client -> client.xtrim(key, XTrimParams.xTrimParams().minId(oldest).approximateTrimming()));
  }

  /** Asks for everything to be said again that is kept; any thread. */
  void sayAgain() {
    again = true;
  }

  private void sayAgainNow() {
    // Kept batches go in front of the pending ones, so that the order stays.
    while (!sent.isEmpty()) {
      Batch batch = sent.removeLast();
      pending.addFirst(batch);
      added(batch);
    }
    sentBytes = 0;
  }

  /** Batches ever taken by Redis. */
  long sentBatches() {
    return sentBatches.get();
  }

  /** Hashes that Redis has not taken yet, about. */
  long waiting() {
    return waiting.get();
  }

  /** Hashes ever dropped because Redis was away for too long, about. */
  long dropped() {
    return dropped.get();
  }
}
