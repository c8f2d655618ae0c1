package io.pointsman.plugin.limit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Tells Redis what this replica holds and takes over what it is given, many counters in one
 * exchange. {@link #run} is called by one thread only; anybody may queue counters and read the
 * {@link #contact}.
 */
final class LeaseExchange {
  private static final Logger log = LoggerFactory.getLogger(LeaseExchange.class);

  /** A sign of life is sent at least this often. */
  private static final long HEARTBEAT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
  private static final int BATCH = 100;

  /** Different limits are logged no more often. */
  private static final long TELL_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final LimitSettings settings;
  private final LeaseStore store;
  private final String replica;
  private final Collection<Counter> counters;
  private final Queue<Counter> queue;
  private final LimitMeters meters;
  private final LongSupplier clock;
  private volatile Contact contact;

  /** Those that are still to be told after contact was lost, or Redis lost its data. */
  private final ArrayDeque<Counter> untold = new ArrayDeque<>();

  private boolean gap = true;
  private long calls;
  private long lookedNanos;
  private long triedNanos;
  private long disagreedNanos;
  private boolean failing;

  /** True if the log says that budgets are not shared. */
  private boolean told;

  /**
   * @param replica this replica's own id, new with each start
   * @param counters all counters, a live view
   * @param clock the monotonic clock
   * @param wallClock milliseconds since 1970, for as long as Redis' time is not known
   */
  LeaseExchange(
      LimitSettings settings,
      LeaseStore store,
      String replica,
      Collection<Counter> counters,
      Queue<Counter> queue,
      LimitMeters meters,
      LongSupplier clock,
      LongSupplier wallClock) {
    this.settings = settings;
    this.store = store;
    this.replica = replica;
    this.counters = counters;
    this.queue = queue;
    this.meters = meters;
    this.clock = clock;
    long now = clock.getAsLong();
    triedNanos = now - HEARTBEAT_NANOS;
    lookedNanos = now;
    disagreedNanos = now - TELL_NANOS;
    contact = Contact.none(RedisTime.exact(now, wallClock.getAsLong() * 1_000), now, settings);
  }

  /** A queue for counters that are to be told. */
  static Queue<Counter> newQueue() {
    return new ConcurrentLinkedQueue<>();
  }

  Contact contact() {
    return contact;
  }

  /**
   * Exchanges what is due.
   *
   * @return true if there is more to be told at once
   */
  boolean run() {
    long now = clock.getAsLong();
    if (now - lookedNanos >= LOOK_NANOS) {
      lookedNanos = now;
      counters.forEach(counter -> counter.look(contact, now));
    }
    if (contact.isLost(now) && !gap) {
      gap = true;
    }
    if (gap && untold.isEmpty()) {
      untold.addAll(counters);
    }
    var batch = new ArrayList<Counter>();
    var taken = new HashSet<Counter>();
    for (Counter next = next(taken); next != null; next = next(taken)) {
      batch.add(next);
      if (batch.size() == BATCH) {
        break;
      }
    }
    if (batch.isEmpty() && !gap && now - triedNanos < HEARTBEAT_NANOS) {
      return false;
    }
    boolean told = !gap;
    long list = contact.place().list();
    return exchange(batch, now)
        && (gap || !told || list != contact.place().list() || !queue.isEmpty());
  }

  private @Nullable Counter next(Collection<Counter> taken) {
    for (Counter next = untold.poll(); next != null; next = untold.poll()) {
      if (taken.add(next)) {
        return next;
      }
    }
    for (Counter next = queue.poll(); next != null; next = queue.poll()) {
      next.dequeued();
      if (taken.add(next)) {
        return next;
      }
    }
    return null;
  }

  private boolean exchange(List<Counter> batch, long now) {
    triedNanos = now;
    boolean told = !gap;
    Contact before = told ? contact.telling(settings.open(), now) : contact;
    contact = before;
    var names = new ArrayList<String>(batch.size());
    var arguments = new ArrayList<String>(LeaseScript.HEAD + LeaseScript.EACH * batch.size());
    calls++;
    arguments.add(replica);
    arguments.add(Long.toString(calls));
    arguments.add(told ? "1" : "0");
    arguments.add(settings.open() ? "1" : "0");
    arguments.add(before.created() == 0 ? "0" : Integer.toString(before.replicas()));
    arguments.add(Long.toString(before.created()));
    arguments.add(Long.toString(before.signUntilMs(now)));
    arguments.add(Long.toString(before.place().list()));
    arguments.add(Integer.toString(before.place().replicas()));
    arguments.add(Integer.toString(before.place().rank()));
    for (Counter counter : batch) {
      names.add(counter.key().text());
      Counter.Ask ask = counter.prepare(before, now);
      for (long value :
          new long[] {
            ask.limit(),
            ask.windowMs(),
            ask.window(),
            ask.hold(),
            ask.must(),
            ask.least(),
            ask.want()
          }) {
        arguments.add(Long.toString(value));
      }
    }
    LeaseReply reply = call(names, arguments);
    if (reply == null) {
      batch.forEach(Counter::enqueue);
      return false;
    }
    answered(before, batch, now, reply);
    return true;
  }

  private @Nullable LeaseReply call(List<String> names, List<String> arguments) {
    try {
      LeaseReply reply = LeaseReply.read(store.exchange(names, arguments));
      failing = false;
      if (told) {
        told = false;
        log.info("budgets are shared: replica={}", replica);
      }
      return reply;
    } catch (JedisException e) {
      failing = true;
      if (!told && contact.isLost(clock.getAsLong())) {
        told = true;
        log.warn("budgets are not shared: open={} reason={}", settings.open(), e.getMessage());
      }
      return null;
    }
  }

  private void answered(Contact before, List<Counter> batch, long asked, LeaseReply reply) {
    long now = clock.getAsLong();
    Contact after = before.heard(asked, now, reply);
    contact = after;
    if (before.created() != 0 && !before.time().fits(asked, now, reply.micros())) {
      log.warn("the clock of Redis was set, or another one answers");
      counters.forEach(counter -> counter.clockWasSet(after, now));
    }
    if (reply.created() != before.created()) {
      // Whoever answers knows nothing of what was told before.
      untold.clear();
      untold.addAll(counters);
      untold.removeAll(batch);
      gap = !untold.isEmpty();
    } else if (untold.isEmpty()) {
      gap = false;
    }
    for (int i = 0; i < batch.size(); i++) {
      if (reply.otherLimit(i) != 0) {
        disagree(batch.get(i), reply.otherLimit(i), now);
      }
      batch.get(i).answered(after, reply.window(i), reply.hold(i), reply.sum(i), now);
    }
  }

  /** As while a change of a profile or of the keys is on its way to the replicas. */
  private void disagree(Counter counter, long otherLimit, long now) {
    Limit limit = counter.key().limit();
    meters.disagreed(limit);
    // What is multiplied by the endpoints that are ready differs from time to time.
    if (limit != Limit.REPLICA_REQUESTS && now - disagreedNanos >= TELL_NANOS) {
      disagreedNanos = now;
      log.warn(
          "replicas have different limits: limit={} here={} elsewhere={}",
          limit.label(),
          counter.limit(),
          otherLimit);
    }
  }

  /** True if the last exchange failed. */
  boolean isFailing() {
    return failing;
  }

  /** Leaves the other replicas what this one will not need. */
  void leave() {
    try {
      store.leave(replica);
    } catch (JedisException e) {
      log.info("this replica's budgets are left to expire: reason={}", e.getMessage());
    }
  }
}
