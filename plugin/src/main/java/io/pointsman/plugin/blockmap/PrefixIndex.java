package io.pointsman.plugin.blockmap;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Pools;
import io.pointsman.plugin.prompt.PromptSpans;
import io.pointsman.plugin.redis.RedisCommands;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers where prompts went, so that others that begin alike can follow. Look-ups and recordings
 * are made on event loops, without locks; one background thread moves clocks and sweeps. With
 * {@link #share} the other replicas know the same. Thread-safe.
 */
public final class PrefixIndex implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PrefixIndex.class);

  private static final long TICK_MS = 500;

  /** The slots of a model's candidates, good as long as the list is the same object. */
  private record Candidates(List<Endpoint> endpoints, PoolSlots slots) {}

  /** All endpoints, good as long as the pools are the same object. */
  private record Known(Pools pools, Set<EndpointSlots.Id> endpoints) {}

  private final PrefixSettings settings;
  private final Supplier<Pools> pools;
  private final EndpointSlots slots;
  private final BlockMap map;
  private final PrefixMetrics metrics;
  private final ThreadLocal<PromptMatch> matches;
  private final Map<String, Candidates> candidatesByModel = new ConcurrentHashMap<>();
  private final ScheduledExecutorService keeper;
  private volatile @Nullable BlockReplication replication;
  private volatile @Nullable Known known;

  public PrefixIndex(PrefixSettings settings, Supplier<Pools> pools, MeterRegistry registry) {
    this.settings = settings;
    this.pools = pools;
    slots = new EndpointSlots(settings.blocksPerEndpoint());
    map = new BlockMap(settings.mapBytes(), slots);
    metrics = new PrefixMetrics(map, registry);
    matches = ThreadLocal.withInitial(PromptMatch::new);
    keeper =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var thread = new Thread(task, "block-map");
              thread.setDaemon(true);
              return thread;
            });
    long epochMs = Math.max(1, settings.timeToLive().toMillis() / Holders.VALID_EPOCHS);
    var ticks = keeper.scheduleWithFixedDelay(this::keep, 0, TICK_MS, TimeUnit.MILLISECONDS);
    var clock = keeper.scheduleAtFixedRate(map::advance, epochMs, epochMs, TimeUnit.MILLISECONDS);
    assert !ticks.isCancelled() && !clock.isCancelled();
  }

  /**
   * Tells other replicas what is learnt here and learns what they tell.
   *
   * @param replica this replica's own number, new with each start
   */
  public BlockReplication share(
      ReplicationSettings replicationSettings,
      long replica,
      RedisCommands redis,
      MeterRegistry registry) {
    var started = new BlockReplication(replicationSettings, replica, redis, new Sink(), registry);
    started.start();
    replication = started;
    return started;
  }

  /** What the keys of this index mean, for {@link ReplicationSettings}. */
  public static long format() {
    return PromptHasher.FORMAT;
  }

  /**
   * Finds how much of a prompt each candidate holds, in blocks of the usual size.
   *
   * @param model the name that the request gives: what an adapter computed helps only itself
   */
  public PromptMatch match(String model, List<Endpoint> candidates, PromptSpans prompt) {
    return match(model, candidates, prompt, settings.blockBytes());
  }

  /** Finds how much of a prompt each candidate holds, in blocks of a size of its own. */
  public PromptMatch match(
      String model, List<Endpoint> candidates, PromptSpans prompt, int blockBytes) {
    PromptMatch match = matches.get();
    match.hasher().hash(model, prompt, blockBytes, settings.maxPromptBytes());
    PoolSlots pool = slotsOf(model, candidates);
    int longest = map.match(match.hasher().keys(), match.blocks(), pool, match.scratch());
    match.found(longest);
    return match;
  }

  private PoolSlots slotsOf(String model, List<Endpoint> candidates) {
    Candidates cached = candidatesByModel.get(model);
    // The list is the pool's own: another object means that the pool has changed.
    if (cached == null || !isSame(cached.endpoints(), candidates)) {
      int[] slotNumbers = new int[candidates.size()];
      for (int i = 0; i < slotNumbers.length; i++) {
        slotNumbers[i] = slots.assign(EndpointSlots.Id.of(candidates.get(i)));
      }
      cached = new Candidates(candidates, new PoolSlots(slotNumbers));
      candidatesByModel.put(model, cached);
    }
    return cached.slots();
  }

  @SuppressWarnings("ReferenceEquality") // pools are immutable: another object is another pool
  private static boolean isSame(Object one, Object other) {
    return one == other;
  }

  /**
   * Remembers that the request of this match goes to an endpoint.
   *
   * @param matchedBlocks blocks that the endpoint held before
   */
  public Placement place(PromptMatch match, int matchedBlocks, Endpoint endpoint) {
    metrics.placed(match, matchedBlocks);
    return remember(match, endpoint);
  }

  /** As {@link #place}, for another endpoint that comes to hold the same prompt; not counted. */
  public Placement remember(PromptMatch match, Endpoint endpoint) {
    EndpointSlots.Id id = EndpointSlots.Id.of(endpoint);
    int slot = slots.assign(id);
    if (slot == EndpointSlots.NONE) {
      return Placement.NOTHING;
    }
    long[] news = match.news();
    int count = map.record(match.hasher().keys(), match.blocks(), slot, news);
    if (count == 0) {
      return Placement.NOTHING;
    }
    var told = new BlockNews(id, Arrays.copyOf(news, count), false);
    tell(told);
    return new Placement(told);
  }

  /**
   * The endpoint has refused the request: what it was newly remembered for, and nobody has used
   * since, is forgotten, here and at the other replicas.
   */
  public void takeBack(Placement placement) {
    BlockNews news = placement.news();
    if (news != null) {
      long[] takenBack = takeBack(news.endpoint(), news.hashes());
      if (takenBack.length > 0) {
        tell(new BlockNews(news.endpoint(), takenBack, true));
      }
    }
  }

  /** Returns for which of these that was so. */
  private long[] takeBack(EndpointSlots.Id endpoint, long[] hashes) {
    int slot = slots.find(endpoint);
    long[] takenBack = new long[hashes.length];
    int count =
        slot == EndpointSlots.NONE ? 0 : map.takeBack(hashes, hashes.length, slot, takenBack);
    return Arrays.copyOf(takenBack, count);
  }

  private void tell(BlockNews news) {
    BlockReplication to = replication;
    if (to != null) {
      to.tell(news);
    }
  }

  private void keep() {
    try {
      Known now = known();
      candidatesByModel.keySet().removeIf(model -> now.pools().find(model) == null);
      slots.retain(now.endpoints());
      map.sweepIfDue();
    } catch (RuntimeException e) {
      log.error("the block map could not be kept in order", e);
    }
  }

  /** What discovery knows at this moment, so that news of an endpoint can come right behind it. */
  private Known known() {
    Pools now = pools.get();
    Known last = known;
    if (last != null && isSame(now, last.pools())) {
      return last;
    }
    var present = new HashSet<EndpointSlots.Id>();
    for (Pool pool : now.all()) {
      pool.all().forEach(endpoint -> present.add(EndpointSlots.Id.of(endpoint)));
    }
    var fresh = new Known(now, Set.copyOf(present));
    known = fresh;
    return fresh;
  }

  /** Takes what other replicas tell. */
  private final class Sink implements BlockSink {
    /**
     * Blocks read back, by slot. A slot belongs to one model, and so to one thread that follows.
     */
    private final int[] readBack = new int[Holders.MAX_SLOTS];

    @Override
    public boolean addOlder(EndpointSlots.Id endpoint, long[] hashes, long ageMs) {
      if (!known().endpoints().contains(endpoint)) {
        return false;
      }
      int slot = slots.assign(endpoint);
      if (slot != EndpointSlots.NONE && ageMs < settings.timeToLive().toMillis()) {
        int room = settings.blocksPerEndpoint() - readBack[slot];
        readBack[slot] += map.recordOlder(hashes, slot, room);
      }
      return true;
    }

    @Override
    public boolean knowsEndpoints() {
      return !known().endpoints().isEmpty();
    }

    @Override
    public boolean isFull() {
      return map.evictions() > 0;
    }

    @Override
    public boolean add(EndpointSlots.Id endpoint, long[] hashes, long ageMs) {
      if (!known().endpoints().contains(endpoint)) {
        return false;
      }
      int slot = slots.assign(endpoint);
      if (slot != EndpointSlots.NONE && ageMs < settings.timeToLive().toMillis()) {
        map.record(hashes, hashes.length, slot, new long[hashes.length]);
      }
      return true;
    }

    @Override
    public void takeBack(EndpointSlots.Id endpoint, long[] hashes) {
      var unused = PrefixIndex.this.takeBack(endpoint, hashes);
    }
  }

  @Override
  public void close() {
    keeper.shutdownNow();
    metrics.close();
  }
}
