package io.pointsman.plugin.identity;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.identity.Authentication.Accepted;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Users as far as they are known here: a bounded memory before Redis. What is remembered is given
 * at once and looked up again in the background when it is older than five seconds; a user that is
 * not remembered is looked up while its request waits, many in one round trip, by a thread of its
 * own. While Redis is away a user that was known stays known. Thread-safe.
 */
final class UserDirectory implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(UserDirectory.class);

  /** Older answers are looked up again. */
  static final long FRESH_NANOS = 5_000_000_000L;

  /** Answers of this age are not given any more, unless Redis is away. */
  static final long STALE_NANOS = 60_000_000_000L;

  /** That there is no such user is remembered for so long. */
  static final long UNKNOWN_NANOS = 2_000_000_000L;

  /** Time to the next attempt where one has failed. */
  private static final long RETRY_NANOS = 1_000_000_000L;

  static final int MAX_KNOWN = 20_000;
  static final int MAX_UNKNOWN = 4_000;
  static final int MAX_WAITING = 4_000;
  private static final int BATCH = 256;

  /** Where one has to go, it is the oldest of so many. */
  private static final int EVICTION_SAMPLE = 16;

  /** What is known of a name. */
  sealed interface Answer {
    /** The user is stored; a request of it is accepted so. */
    record Stored(Accepted accepted) implements Answer {}

    /** There is no such user. */
    record NotStored() implements Answer {}

    /** Redis does not tell. */
    record NotTold() implements Answer {}
  }

  private static final Answer NOT_STORED = new Answer.NotStored();
  private static final Answer NOT_TOLD = new Answer.NotTold();

  private record Entry(Answer answer, long checkedAt) {}

  private final UserStore store;
  private final LongSupplier nanoTime;
  private final ConcurrentHashMap<String, Entry> known = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Entry> unknown = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, CompletableFuture<Answer>> asked =
      new ConcurrentHashMap<>();
  private final BlockingQueue<String> queue = new ArrayBlockingQueue<>(MAX_WAITING);
  private final Thread thread;
  private final Counter stored;
  private final Counter notStored;
  private final Counter notTold;
  private boolean failing;

  UserDirectory(UserStore store, MeterRegistry meters, LongSupplier nanoTime) {
    this.store = store;
    this.nanoTime = nanoTime;
    stored = counter(meters, "stored");
    notStored = counter(meters, "unknown");
    notTold = counter(meters, "failed");
    Gauge.builder("pointsman.users.remembered", known, Map::size)
        .description("Users that are remembered here")
        .strongReference(true)
        .register(meters);
    thread = new Thread(this::lookUp, "user-look-up");
    thread.setDaemon(true);
    thread.start();
  }

  private static Counter counter(MeterRegistry meters, String result) {
    return Counter.builder("pointsman.users.lookups")
        .description("Users looked up in Redis, by what came of it")
        .tag("result", result)
        .register(meters);
  }

  /** What is remembered, or null: then {@link #ask} for it. */
  @Nullable Answer remembered(String name) {
    if (!ApiKey.isName(name)) {
      return NOT_STORED;
    }
    long now = nanoTime.getAsLong();
    Entry entry = known.get(name);
    if (entry != null) {
      long age = now - entry.checkedAt();
      if (age > STALE_NANOS) {
        return null;
      }
      if (age > FRESH_NANOS) {
        var unused = ask(name);
      }
      return entry.answer();
    }
    entry = unknown.get(name);
    return entry != null && now - entry.checkedAt() < UNKNOWN_NANOS ? NOT_STORED : null;
  }

  /** Looks a user up; returns at once. Two that ask for the same user share one look-up. */
  CompletableFuture<Answer> ask(String name) {
    CompletableFuture<Answer> waiting = asked.get(name);
    if (waiting != null) {
      return waiting;
    }
    var answer = new CompletableFuture<Answer>();
    waiting = asked.putIfAbsent(name, answer);
    if (waiting != null) {
      return waiting;
    }
    if (!queue.offer(name)) {
      settle(name, rememberedAnyhow(name));
    }
    return answer;
  }

  private void lookUp() {
    var names = new ArrayList<String>();
    try {
      while (!Thread.currentThread().isInterrupted()) {
        names.add(queue.take());
        queue.drainTo(names, BATCH - 1);
        lookUp(names);
        names.clear();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void lookUp(List<String> names) {
    try {
      Map<String, User> users = store.read(names);
      for (String name : names) {
        User user = users.get(name);
        settle(name, user == null ? forget(name) : remember(user));
      }
      if (failing) {
        failing = false;
        log.info("users can be looked up again");
      }
    } catch (JedisException e) {
      if (!failing) {
        failing = true;
        log.warn("users cannot be looked up: reason={}", e.getMessage());
      }
      names.forEach(name -> settle(name, rememberedAnyhow(name)));
    } catch (RuntimeException e) {
      log.error("users could not be looked up", e);
      names.forEach(name -> settle(name, rememberedAnyhow(name)));
    }
  }

  private Answer remember(User user) {
    stored.increment();
    unknown.remove(user.name());
    var identity = Identity.of(Identity.Kind.USER, user.name(), user.limits());
    var answer = new Answer.Stored(new Accepted(identity, user.name()));
    put(known, MAX_KNOWN, user.name(), new Entry(answer, nanoTime.getAsLong()));
    return answer;
  }

  private Answer forget(String name) {
    notStored.increment();
    known.remove(name);
    put(unknown, MAX_UNKNOWN, name, new Entry(NOT_STORED, nanoTime.getAsLong()));
    return NOT_STORED;
  }

  /** What is remembered, however old, to be asked for again a little later. */
  private Answer rememberedAnyhow(String name) {
    notTold.increment();
    long retryNext = nanoTime.getAsLong() - FRESH_NANOS + RETRY_NANOS;
    Entry entry = known.computeIfPresent(name, (n, old) -> new Entry(old.answer(), retryNext));
    return entry == null ? NOT_TOLD : entry.answer();
  }

  private void settle(String name, Answer answer) {
    CompletableFuture<Answer> waiting = asked.remove(name);
    if (waiting != null) {
      waiting.complete(answer);
    }
  }

  private static void put(ConcurrentHashMap<String, Entry> map, int max, String name, Entry entry) {
    map.put(name, entry);
    while (map.size() > max) {
      evictOne(map);
    }
  }

  private static void evictOne(ConcurrentHashMap<String, Entry> map) {
    Iterator<Map.Entry<String, Entry>> entries = map.entrySet().iterator();
    Map.Entry<String, Entry> oldest = null;
    for (int i = 0; i < EVICTION_SAMPLE && entries.hasNext(); i++) {
      Map.Entry<String, Entry> next = entries.next();
      if (oldest == null || next.getValue().checkedAt() < oldest.getValue().checkedAt()) {
        oldest = next;
      }
    }
    if (oldest != null) {
      map.remove(oldest.getKey());
    }
  }

  int remembered() {
    return known.size() + unknown.size();
  }

  /** Stops; whoever waits is told that Redis does not tell. */
  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(2_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    List.copyOf(asked.keySet()).forEach(name -> settle(name, NOT_TOLD));
  }
}
