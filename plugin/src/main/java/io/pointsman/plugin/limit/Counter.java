package io.pointsman.plugin.limit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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
   * @param want what is welcome beyond
   * @param forAll false if nothing is asked of Redis now for those who wait
   */
  record Ask(
      long limit, long windowMs, long window, long hold, long must, long want, boolean forAll) {}

  private final CounterKey key;
  private final Consumer<Counter> exchange;
  private final AtomicBoolean queued = new AtomicBoolean();
  private final AtomicInteger waiting = new AtomicInteger();
  private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
  private volatile long limit;
  private volatile long total;
  private long exhaustedUntilNanos;
  private boolean exhausted;

  /** How many of those who wait were thought of in what Redis is asked. */
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
    if (exhausted && nowNanos - exhaustedUntilNanos < 0) {
      return Outcome.REFUSED;
    }
    exhausted = false;
    waiters.add(waiter);
    waiting.incrementAndGet();
    enqueue();
    return Outcome.WAIT;
  }

  /** The answer if Redis is not asked; null if it must be. Under the lock. */
  abstract @Nullable Outcome withoutRedis(long amount, Contact contact, long nowNanos);

  /** What to tell Redis and ask of it now. */
  final synchronized Ask prepare(Contact contact, long nowNanos) {
    long amount = 0;
    for (Waiter waiter : waiters) {
      amount += waiter.amount();
    }
    Ask ask = prepare(amount, contact, nowNanos);
    asked = ask.forAll() ? waiters.size() : 0;
    return ask;
  }

  abstract Ask prepare(long waitingAmount, Contact contact, long nowNanos);

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
      serve(contact, nowNanos, served);
    }
    served.forEach(Runnable::run);
  }

  private void serve(Contact contact, long nowNanos, List<Runnable> served) {
    while (!waiters.isEmpty()) {
      Waiter next = waiters.element();
      Lease lease = take(next.amount(), nowNanos);
      if (lease == null && asked == 0) {
        enqueue();
        return;
      }
      poll();
      if (lease != null) {
        served.add(() -> next.taken(lease));
      } else if (contact.settled()) {
        exhausted = true;
        exhaustedUntilNanos = askAgainAt(nowNanos);
        served.add(() -> next.failed(Outcome.REFUSED));
      } else {
        served.add(() -> next.failed(unsure(contact)));
      }
    }
  }

  /** Nothing may be given, and nothing is known. */
  static Outcome unsure(Contact contact) {
    return contact.localFromMs() == Long.MAX_VALUE ? Outcome.UNAVAILABLE : Outcome.REFUSED;
  }

  /** Takes over a hold; false if there is nothing to take from now. Under the lock. */
  abstract boolean granted(Contact contact, long window, long hold, long nowNanos);

  /** Until when a limit that is reached stays so, unless something is given back here. */
  abstract long askAgainAt(long nowNanos);

  private void poll() {
    waiters.remove();
    asked = Math.max(0, asked - 1);
    waiting.decrementAndGet();
  }

  /** True if requests wait. */
  final boolean hasWaiters() {
    return waiting.get() > 0;
  }

  /** Answers those whose time is up. */
  final void expire(Contact contact, long nowNanos) {
    var late = new ArrayList<Runnable>();
    synchronized (this) {
      while (!waiters.isEmpty() && waiters.element().deadlineNanos() - nowNanos <= 0) {
        Waiter waiter = waiters.element();
        poll();
        Outcome outcome = withoutRedis(waiter.amount(), contact, nowNanos);
        Lease lease = outcome == Outcome.AGAIN ? take(waiter.amount(), nowNanos) : null;
        Outcome failure = outcome == null || outcome == Outcome.AGAIN ? unsure(contact) : outcome;
        late.add(lease != null ? () -> waiter.taken(lease) : () -> waiter.failed(failure));
      }
    }
    late.forEach(Runnable::run);
  }

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
