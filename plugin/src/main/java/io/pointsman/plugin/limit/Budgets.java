package io.pointsman.plugin.limit;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.redis.RedisCommands;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The budgets of this replica: what it may spend of each limit, leased from Redis and spent here.
 * Deciding a request touches only this process; one thread exchanges leases in the background, and
 * a request whose lease is empty waits for it without holding a thread, at most 20 ms. Without
 * Redis each replica counts alone. Thread-safe.
 */
public final class Budgets implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Budgets.class);

  /** Counters are dropped when idle; more than this at once are not kept. */
  static final int MAX_COUNTERS = 100_000;

  private static final long TICK_MS = 25;
  private static final long RETRY_MS = 20;

  /** Those who wait are looked at no more often. */
  private static final long EXPIRE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** Nothing is planned. */
  private static final long NEVER = Long.MAX_VALUE;

  private static final long DROP_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final LongSupplier clock;
  private final LimitMeters meters;
  private final ConcurrentHashMap<CounterKey, Counter> counters = new ConcurrentHashMap<>();
  private final Collection<Counter> waiting = ConcurrentHashMap.newKeySet();
  private final Queue<Counter> queue = LeaseExchange.newQueue();
  private final Semaphore wake = new Semaphore(0);

  /** When those who wait are looked at next, by the monotonic clock. */
  private final AtomicLong expireAt = new AtomicLong(NEVER);

  private final @Nullable LeaseExchange exchange;
  private volatile Contact alone;
  private final ExecutorService tellers;
  private final ScheduledExecutorService timer;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile @Nullable Thread thread;
  private long droppedNanos;

  /**
   * @param store null where no Redis is set
   * @param tellers runs what requests do with verdicts they waited for; closed with this
   * @param clock the monotonic clock
   * @param wallClock milliseconds since 1970
   */
  Budgets(
      LimitSettings settings,
      @Nullable LeaseStore store,
      String replica,
      MeterRegistry registry,
      ExecutorService tellers,
      LongSupplier clock,
      LongSupplier wallClock) {
    this.clock = clock;
    this.tellers = tellers;
    meters = new LimitMeters(registry);
    long now = clock.getAsLong();
    droppedNanos = now;
    alone =
        Contact.alone(
            RedisTime.exact(now, wallClock.getAsLong() * 1_000), now, settings.replicas());
    exchange =
        store == null
            ? null
            : new LeaseExchange(
                settings,
                store,
                replica,
                Collections.unmodifiableCollection(counters.values()),
                queue,
                meters,
                clock,
                wallClock);
    timer = Executors.newSingleThreadScheduledExecutor(daemon("limit-timer"));
    Gauge.builder("pointsman.limit.counters", counters, ConcurrentHashMap::size)
        .description("Counters of limits that are kept here")
        .strongReference(true)
        .register(registry);
    Gauge.builder("pointsman.limit.replicas", this, budgets -> budgets.contact().replicas())
        .description("Replicas that share the budgets, as last heard")
        .strongReference(true)
        .register(registry);
    Gauge.builder("pointsman.limit.shared", this, budgets -> budgets.isShared() ? 1 : 0)
        .description("1 while budgets are leased from Redis, 0 while this replica counts alone")
        .strongReference(true)
        .register(registry);
  }

  /**
   * Begins to count.
   *
   * @param redis or null where no Redis is set
   * @param keyPrefix begins every key; releases that share a Redis differ in it
   * @param replica this replica's own id, new with each start
   */
  public static Budgets start(
      LimitSettings settings,
      @Nullable RedisCommands redis,
      String keyPrefix,
      String replica,
      MeterRegistry registry) {
    LeaseStore store = redis == null ? null : new RedisLeases(redis, keyPrefix);
    var budgets =
        new Budgets(
            settings,
            store,
            replica,
            registry,
            Executors.newFixedThreadPool(2, daemon("limit-verdicts")),
            System::nanoTime,
            System::currentTimeMillis);
    budgets.run();
    return budgets;
  }

  private static ThreadFactory daemon(String name) {
    return task -> {
      var thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  void run() {
    Thread started = daemon("limit-leases").newThread(this::loop);
    thread = started;
    started.start();
  }

  private void loop() {
    while (stopped.getCount() > 0) {
      try {
        if (wake.tryAcquire(TICK_MS, TimeUnit.MILLISECONDS)) {
          wake.drainPermits();
        }
        if (!tick()) {
          // Whoever asks meanwhile is not answered sooner by asking more often.
          var unused = stopped.await(RETRY_MS, TimeUnit.MILLISECONDS);
        }
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        log.error("budgets could not be exchanged", e);
      }
    }
  }

  /** One look at what is due; false if Redis did not answer. */
  boolean tick() {
    boolean answered = true;
    LeaseExchange shared = exchange;
    long now = clock.getAsLong();
    if (shared != null) {
      while (shared.run()) {
        // There is more to be told.
      }
      answered = !shared.isFailing();
    } else {
      Contact contact = alone.asOf(now);
      alone = contact;
      counters.values().forEach(counter -> counter.look(contact, now));
      for (Counter told = queue.poll(); told != null; told = queue.poll()) {
        told.dequeued();
      }
    }
    if (now - droppedNanos > DROP_NANOS) {
      droppedNanos = now;
      counters.values().removeIf(counter -> counter.dropIfIdle(now));
    }
    return answered;
  }

  /** A request that has charged nothing yet. */
  public Admission admission() {
    return new Admission(this);
  }

  Counter counter(CounterKey key, long most) {
    Counter known = counters.get(key);
    if (known == null) {
      if (counters.size() >= MAX_COUNTERS) {
        return Counter.of(key, most, this::exchange);
      }
      known = counters.computeIfAbsent(key, added -> Counter.of(added, most, this::exchange));
    }
    known.limit(most);
    return known;
  }

  private void exchange(Counter counter) {
    queue.add(counter);
    wake.release();
  }

  Outcome ask(Counter counter, Waiter waiter) {
    if (counters.size() >= MAX_COUNTERS && counters.get(counter.key()) != counter) {
      return Outcome.UNAVAILABLE;
    }
    Outcome outcome = counter.ask(waiter, contact(), nanos());
    if (outcome == Outcome.WAIT) {
      meters.waited(counter.key().limit());
      waiting.add(counter);
      expireAt(waiter.deadlineNanos());
    }
    return outcome;
  }

  /** Charges what a request used beyond what it was charged. */
  void overrun(Counter charged, long amount) {
    Counter counter = charged;
    while (!counter.overrun(amount, contact(), nanos())) {
      counter = counter(counter.key(), counter.limit());
    }
  }

  private void expireAt(long nanos) {
    if (thread == null) {
      return;
    }
    for (long planned = expireAt.get();
        planned == NEVER || nanos - planned < 0;
        planned = expireAt.get()) {
      if (expireAt.compareAndSet(planned, nanos)) {
        var unused = timer.schedule(this::expire, nanos - nanos(), TimeUnit.NANOSECONDS);
        return;
      }
    }
  }

  private void expire() {
    expireAt.set(NEVER);
    long next = expireNow();
    if (next != NEVER) {
      expireAt(nanos() + Math.max(next, EXPIRE_NANOS));
    }
  }

  /**
   * Answers those whose time is up.
   *
   * @return nanoseconds until the next one's time is up; {@link Long#MAX_VALUE} if nobody waits
   */
  long expireNow() {
    long now = nanos();
    Contact contact = contact();
    long next = NEVER;
    for (Counter counter : List.copyOf(waiting)) {
      // Whoever begins to wait meanwhile adds it again.
      waiting.remove(counter);
      long left = counter.expire(contact, now);
      if (left != NEVER) {
        waiting.add(counter);
        next = Math.min(next, left);
      }
    }
    return next;
  }

  void tell(Runnable verdict) {
    tellers.execute(verdict);
  }

  Contact contact() {
    LeaseExchange shared = exchange;
    return shared == null ? alone : shared.contact();
  }

  private boolean isShared() {
    Contact contact = contact();
    return contact.shared() && contact.settled() && !contact.isLost(nanos());
  }

  long nanos() {
    return clock.getAsLong();
  }

  LimitMeters meters() {
    return meters;
  }

  int counters() {
    return counters.size();
  }

  /** Stops at once, as if this process had died. */
  void stop() {
    stopped.countDown();
    timer.shutdownNow();
    tellers.shutdownNow();
    Thread running = thread;
    if (running != null) {
      running.interrupt();
      try {
        running.join(2_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Stops counting, and leaves the other replicas what this one does not need. */
  @Override
  public void close() {
    boolean ran = thread != null && stopped.getCount() > 0;
    stop();
    if (ran && exchange != null) {
      exchange.leave();
    }
  }
}
