package io.pointsman.plugin.blockmap;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.redis.RedisCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the block maps of all replicas alike: what this one learns goes to Redis streams in
 * batches, what the others learn comes from there. Nothing here is on the request path but {@link
 * #tell}, which puts into a queue. Thread-safe.
 */
public final class BlockReplication implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BlockReplication.class);
  private static final long RETRY_MS = 500;
  private static final long LOOK_MS = 20;

  private record Shard(
      Outbox outbox, StreamWriter writer, BatchReader batches, StreamReader reader) {}

  private final ReplicationSettings settings;
  private final BlockSink sink;
  private final LongSupplier clockMs;
  private final List<Shard> shards = new ArrayList<>();
  private final List<WaitingBlocks> waiting = new ArrayList<>();
  private final ScheduledExecutorService sender;
  private final List<Thread> followers = new ArrayList<>();
  private final AtomicInteger recovering;
  private final CompletableFuture<Void> recovery = new CompletableFuture<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * @param replica this replica's own number, new with each start
   */
  BlockReplication(
      ReplicationSettings settings,
      long replica,
      RedisCommands redis,
      BlockSink sink,
      MeterRegistry registry) {
    this.settings = settings;
    this.sink = sink;
    this.clockMs = () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    recovering = new AtomicInteger(settings.shards());
    for (int i = 0; i < settings.shards(); i++) {
      var waitingHere = new WaitingBlocks(clockMs);
      var writer = new StreamWriter(settings, i, replica, redis);
      var batches = new BatchReader(sink, settings.fingerprint(), replica, waitingHere);
      var reader = new StreamReader(settings, i, redis, batches, sink, writer, clockMs);
      waiting.add(waitingHere);
      shards.add(new Shard(new Outbox(settings.outboxHashes()), writer, batches, reader));
    }
    sender = Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "blocks-send"));
    registerMeters(registry);
  }

  /** Begins to read back, to follow and to send; returns at once. */
  public void start() {
    for (int i = 0; i < shards.size(); i++) {
      int shard = i;
      Thread follower = daemon(() -> run(shard), "blocks-follow-" + i);
      followers.add(follower);
      follower.start();
    }
    long interval = settings.flushInterval().toMillis();
    var unused =
        sender.scheduleWithFixedDelay(this::send, interval, interval, TimeUnit.MILLISECONDS);
  }

  /** Done once every shard was read back, or the deadline for that has passed. */
  public CompletableFuture<Void> recovery() {
    return recovery;
  }

  /** Tells the other replicas, soon and without waiting. */
  void tell(BlockNews news) {
    shards.get(settings.shardOf(news.endpoint().model())).outbox().put(news);
  }

  private void send() {
    for (Shard shard : shards) {
      try {
        shard.writer().write(shard.outbox().takeAll());
      } catch (RuntimeException e) {
        log.error("block news could not be sent", e);
      }
    }
  }

  private void run(int index) {
    StreamReader reader = shards.get(index).reader();
    recover(index, reader);
    boolean failing = false;
    while (!isClosed()) {
      try {
        reader.follow();
        waiting.get(index).offer(sink);
        if (failing) {
          log.info("block news are read again: shard={}", index);
          failing = false;
        }
      } catch (RuntimeException e) {
        if (!failing && !isClosed()) {
          log.warn("block news cannot be read: shard={} reason={}", index, e.toString());
          failing = true;
        }
        reader.failed();
        pause(RETRY_MS);
      }
    }
  }

  private void recover(int index, StreamReader reader) {
    awaitEndpoints();
    long start = clockMs.getAsLong();
    long deadline = start + settings.recoveryDeadline().toMillis();
    String failure = "out of time";
    boolean recovered = false;
    while (!recovered && !isClosed() && clockMs.getAsLong() < deadline) {
      try {
        int entries = reader.recover(deadline);
        log.info(
            "block map is recovered: shard={} entries={} millis={}",
            index,
            entries,
            clockMs.getAsLong() - start);
        recovered = true;
      } catch (RuntimeException e) {
        log.debug("block news cannot be read back now", e);
        failure = e.toString();
        pause(RETRY_MS);
      }
    }
    if (!recovered && !isClosed()) {
      log.warn(
          "block map could not be recovered, this replica starts without it: shard={} millis={}"
              + " reason={}",
          index,
          clockMs.getAsLong() - start,
          failure);
    }
    if (recovering.decrementAndGet() == 0) {
      recovery.complete(null);
    }
  }

  /** Discovery may be slower than this; it has as much time as the reading itself. */
  private void awaitEndpoints() {
    long deadline = clockMs.getAsLong() + settings.recoveryDeadline().toMillis();
    while (!isClosed() && !sink.knowsEndpoints() && clockMs.getAsLong() < deadline) {
      pause(LOOK_MS);
    }
  }

  private void pause(long millis) {
    try {
      closed.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      closed.countDown();
    }
  }

  private boolean isClosed() {
    return closed.getCount() == 0;
  }

  private static Thread daemon(Runnable task, String name) {
    var thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  private void registerMeters(MeterRegistry registry) {
    counter(registry, "sent", "Batches that Redis has taken", s -> s.writer().sentBatches());
    counter(registry, "received", "Batches of other replicas", s -> s.batches().received());
    counter(registry, "gaps", "Jumps in another replica's numbers", s -> s.batches().gaps());
    counter(registry, "skipped", "Batches of another format", s -> s.batches().skipped());
    counter(
        registry,
        "dropped.hashes",
        "Hashes that were not told because Redis was away or slow",
        s -> s.outbox().dropped() + s.writer().dropped());
    gauge(
        registry,
        "waiting.hashes",
        "Hashes that wait to be sent",
        s -> s.outbox().waiting() + s.writer().waiting());
    gauge(registry, "lag.entries", "Entries still to be read, about", s -> s.reader().lagEntries());
    gauge(registry, "lag.seconds", "Time that reading is behind", s -> s.reader().lagMs() / 1e3);
  }

  private void counter(
      MeterRegistry registry, String name, String description, ToDoubleFunction<Shard> value) {
    IntStream.range(0, shards.size())
        .forEach(
            i ->
                FunctionCounter.builder("pointsman.block.news." + name, shards.get(i), value)
                    .description(description)
                    .tag("shard", Integer.toString(i))
                    .register(registry));
  }

  private void gauge(
      MeterRegistry registry, String name, String description, ToDoubleFunction<Shard> value) {
    IntStream.range(0, shards.size())
        .forEach(
            i ->
                Gauge.builder("pointsman.block.news." + name, shards.get(i), value)
                    .description(description)
                    .tag("shard", Integer.toString(i))
                    .register(registry));
  }

  /** Sends what waits, as far as Redis takes it at once, and stops. */
  @Override
  public void close() {
    closed.countDown();
    sender.shutdown();
    try {
      if (sender.awaitTermination(2, TimeUnit.SECONDS)) {
        send();
      }
      for (Thread follower : followers) {
        follower.interrupt();
        follower.join(3_000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
