package io.pointsman.plugin.limit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is counted, and what this replica may spend of it. Taking from a lease that has
 * enough is lock-free; whatever concerns the lease itself happens under the counter's lock.
 */
abstract class Counter {
  /**
   * What is told to Redis and asked of it.
   *
   * @param must what those who wait need
   * @param least what the most modest of them needs: less is of use to nobody
   * @param want what is welcome beyond
   * @param forAll false if nothing is asked of Redis now for those who wait
   */
  record Ask(
      long limit,
      long windowMs,
      long window,
      long hold,
      long must,
      long least,
      long want,
      boolean forAll) {
    static final Ask NOTHING = new Ask(0, 0, 0, 0, 0, 0, 0, false);

    /** True if an answer gives what those who wait need. */
    boolean isMetBy(long newWindow, long newHold) {
      return newHold - (newWindow == window ? hold : 0) >= must;
    }
  }

  private final CounterKey key;
  private final Consumer<Counter> exchange;
  private final AtomicBoolean queued = new AtomicBoolean();
  private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
  private volatile long limit;
  private volatile long total;

  /** So much, or more, is not to be had for a while. */
  private long exhaustedFrom = Long.MAX_VALUE;

  private long exhaustedUntilNanos;

  /** What Redis was asked last. */
  private Ask ask = Ask.NOTHING;

  /** How many of those who wait were thought of in it. */
  private int asked;

  private boolean gone;

  /**
   * @param exchange takes a counter that is to be told to Redis soon
   */
  Counter(CounterKey key, long limit, Consumer<Counter> exchange) {
    this.key = key;
    this.limit = limit;
    this.exchange = exchange;
  }

  static Counter of(CounterKey key, long limit, Consumer<Counter> exchange) {
    return key.limit().isInFlight()
        ? new InFlightCounter(key, limit, exchange)
        : new RateCounter(key, limit, exchange);
  }

  CounterKey key() {
    return key;
  }

  long limit() {
    return limit;
  }

  /** A profile or a user may have been given another limit. */
  void limit(long newLimit) {
    if (newLimit != limit) {
      limit = newLimit;
    }
  }

  /** Has it told to Redis soon. */
  final void enqueue() {
    if (!queued.get() && queued.compareAndSet(false, true)) {
      exchange.accept(this);
    }
  }

  /** It is about to be told. */
  final void dequeued() {
    queued.set(false);
  }

  /** Takes an amount from the present lease; null if there is not so much. */
  abstract @Nullable Lease take(long amount, long nowNanos);

  /** This replica's part is all that is known of. */
  final void countsAlone() {
    total = limit;
  }

  /** What may still be taken by all, as far as is known here. */
  final long remaining() {
    return Math.max(0, limit - total + available());
  }

  /** What no replica holds, as last heard. */
  final long free() {
    return Math.max(0, limit - total);
  }

  abstract long available();

  /** Milliseconds until the window ends in which requests are counted now; 0 if there is none. */
  abstract long resetMs(Contact contact, long nowNanos);

  /** Puts a request in the queue, unless its answer is known. */
  final synchronized Outcome ask(Waiter waiter, Contact contact, long nowNanos) {
    if (gone) {
      return Outcome.GONE;
    }
    Outcome known = withoutRedis(waiter.amount(), contact, nowNanos);
    if (known != null) {
      return known;
    }
    if (waiter.amount() >= exhaustedFrom && nowNanos - exhaustedUntilNanos < 0) {
      return Outcome.REFUSED;
    }
    if (waiter.deadlineNanos() - nowNanos <= 0) {
      return unsure(contact);
    }
    waiters.add(waiter);
    enqueue();
    return Outcome.WAIT;
  }

  /** The answer if Redis is not asked; null if it must be. Under the lock. */
  abstract @Nullable Outcome withoutRedis(long amount, Contact contact, long nowNanos);

  /** What to tell Redis and ask of it now. */
  final synchronized Ask prepare(Contact contact, long nowNanos) {
    long amount = 0;
    long least = waiters.isEmpty() ? 0 : Long.MAX_VALUE;
    for (Waiter waiter : waiters) {
      amount += waiter.amount();
      least = Math.min(least, waiter.amount());
    }
    ask = prepare(amount, least, contact, nowNanos);
    asked = ask.forAll() ? waiters.size() : 0;
    return ask;
  }

  /**
   * The same.
   *
   * @param waitingAmount what all who wait need
   * @param leastAmount what one of them needs at least
   */
  abstract Ask prepare(long waitingAmount, long leastAmount, Contact contact, long nowNanos);

  /** Takes over what Redis answered, and answers who waits. */
  final void answered(Contact contact, long window, long hold, long sum, long nowNanos) {
    var served = new ArrayList<Runnable>();
    synchronized (this) {
      total = sum;
      if (!granted(contact, window, hold, nowNanos)) {
        // The window ended while the answer came.
        if (!waiters.isEmpty()) {
          enqueue();
        }
        return;
      }
      serve(contact, ask.isMetBy(window, hold), nowNanos, served);
    }
    served.forEach(Runnable::run);
  }

  private void serve(Contact contact, boolean met, long nowNanos, List<Runnable> served) {
    while (!waiters.isEmpty()) {
      Waiter next = waiters.element();
      Lease lease = take(next.amount(), nowNanos);
      if (lease == null && (met || asked == 0)) {
        // Others took what was given, or it was not for this one: there may be more.
        enqueue();
        return;
      }
      poll();
      if (lease != null) {
        served.add(() -> next.taken(lease));
      } else if (contact.settled()) {
        exhausted(next.amount(), nowNanos);
        served.add(() -> next.failed(Outcome.REFUSED));
      } else {
        served.add(() -> next.failed(unsure(contact)));
      }
    }
  }

  private void exhausted(long amount, long nowNanos) {
    boolean already = nowNanos - exhaustedUntilNanos < 0;
    exhaustedFrom = already ? Math.min(exhaustedFrom, amount) : amount;
    exhaustedUntilNanos = askAgainAt(nowNanos);
    if (available() > 0) {
      // What was too little here is given back, for it may be enough elsewhere.
      enqueue();
    }
  }

  /** Nothing may be given, and nothing is known. */
  static Outcome unsure(Contact contact) {
    return contact.localFromMs() == Long.MAX_VALUE ? Outcome.UNAVAILABLE : Outcome.REFUSED;
  }

  /** Takes over a hold; false if there is nothing to take from now. Under the lock. */
  abstract boolean granted(Contact contact, long window, long hold, long nowNanos);

  /**
   * Charges what a request used beyond what it was charged, in the window of now.
   *
   * @return false if this counter was dropped
   */
  final synchronized boolean overrun(long amount, Contact contact, long nowNanos) {
    if (gone) {
      return false;
    }
    owe(amount, contact, nowNanos);
    enqueue();
    return true;
  }

  /** The same under the lock, for what can be used beyond a charge. */
  void owe(long amount, Contact contact, long nowNanos) {}

  /** Until when a limit that is reached stays so, unless something is given back here. */
  abstract long askAgainAt(long nowNanos);

  private void poll() {
    waiters.remove();
    asked = Math.max(0, asked - 1);
  }

  /**
   * Answers those whose time is up. They need not be the first: who has waited for another lease
   * before has less time left than those who came here earlier.
   *
   * @return nanoseconds until the next one's time is up; {@link Long#MAX_VALUE} if nobody waits
   */
  final long expire(Contact contact, long nowNanos) {
    var late = new ArrayList<Runnable>();
    long next = Long.MAX_VALUE;
    synchronized (this) {
      int askedBefore = asked;
      var all = List.copyOf(waiters);
      waiters.clear();
      for (int i = 0; i < all.size(); i++) {
        Waiter waiter = all.get(i);
        long left = waiter.deadlineNanos() - nowNanos;
        if (left > 0) {
          waiters.add(waiter);
          next = Math.min(next, left);
        } else {
          asked -= i < askedBefore ? 1 : 0;
          late.add(late(waiter, contact, nowNanos));
        }
      }
    }
    late.forEach(Runnable::run);
    return next;
  }

  private Runnable late(Waiter waiter, Contact contact, long nowNanos) {
    Outcome outcome = withoutRedis(waiter.amount(), contact, nowNanos);
    Lease lease = outcome == Outcome.AGAIN ? take(waiter.amount(), nowNanos) : null;
    Outcome failure = outcome == null || outcome == Outcome.AGAIN ? unsure(contact) : outcome;
    return lease != null ? () -> waiter.taken(lease) : () -> waiter.failed(failure);
  }

  /** Redis' clock is not where it must have been by what was known of it. */
  void clockWasSet(Contact contact, long nowNanos) {}

  /** Looks whether something should be told or asked for without anybody waiting. */
  abstract void look(Contact contact, long nowNanos);

  /** Ends this counter if it has been idle for long. */
  final synchronized boolean dropIfIdle(long nowNanos) {
    gone |= waiters.isEmpty() && !queued.get() && isIdle(nowNanos);
    return gone;
  }

  /** True if nothing was taken for long, and nothing can be. Under the lock. */
  abstract boolean isIdle(long nowNanos);
}
