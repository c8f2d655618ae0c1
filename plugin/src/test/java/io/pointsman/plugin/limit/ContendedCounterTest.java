package io.pointsman.plugin.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One counter that many threads take from while another one exchanges leases. In the place of Redis
 * stands what it does for a single replica; time moves only by exchanges, so that nobody is late.
 */
class ContendedCounterTest {
  private static final long BEGIN_MS = 1_700_000_040_000L;
  private static final long LIMIT = 5_000_000;
  private static final int THREADS = 6;
  private static final int REQUESTS = 5_000;
  private static final int LARGEST = 300;
  private static final long STEP_NANOS = 1_000;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicLong nanos = new AtomicLong();
  private final Queue<Counter> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean done = new AtomicBoolean();
  private final Contact contact =
      new Contact(
          RedisTime.exact(0, BEGIN_MS * 1_000),
          true,
          0,
          1,
          1,
          Long.MAX_VALUE,
          true,
          Place.unknown(1));

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  /** Exchanges leases until told to stop. */
  private void exchange() {
    while (!done.get()) {
      Counter next = queue.poll();
      if (next == null) {
        Thread.onSpinWait();
        continue;
      }
      next.dequeued();
      long now = nanos.addAndGet(STEP_NANOS);
      Counter.Ask ask = next.prepare(contact, now);
      long free = LIMIT - ask.hold();
      long must = free < ask.least() ? 0 : ask.must();
      long given = Math.min(free, Math.max(must, Math.min(ask.want(), (free + 1) / 2)));
      long window = Math.floorDiv(BEGIN_MS, 60_000);
      next.answered(contact, window, ask.hold() + given, ask.hold() + given, now);
    }
  }

  /** Returns what was taken, or -1 if nothing. */
  private long request(Counter counter, long amount) {
    while (true) {
      if (counter.take(amount, nanos.get()) != null) {
        return amount;
      }
      var answer = new CompletableFuture<Long>();
      Outcome outcome =
          counter.ask(
              new Waiter() {
                @Override
                public long amount() {
                  return amount;
                }

                @Override
                public long deadlineNanos() {
                  return Long.MAX_VALUE / 2;
                }

                @Override
                public void taken(Lease lease) {
                  answer.complete(amount);
                }

                @Override
                public void failed(Outcome why) {
                  answer.complete(-1L);
                }
              },
              contact,
              nanos.get());
      if (outcome != Outcome.AGAIN) {
        return outcome == Outcome.WAIT ? answer.join() : -1;
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {401, 402, 403, 404})
  void nothingIsRefusedBeforeTheLimitAndNothingIsOverIt(long seed) throws Exception {
    Counter counter = Counter.of(new CounterKey(Limit.CALLER_TOKENS, "k", "n"), LIMIT, queue::add);
    Future<?> exchanging = threads.submit(this::exchange);
    var taking = new ArrayList<Future<long[]>>();
    for (int thread = 0; thread < THREADS; thread++) {
      var random = new Random(seed * THREADS + thread);
      taking.add(
          threads.submit(
              () ->
                  LongStream.range(0, REQUESTS)
                      .map(i -> request(counter, 1 + random.nextInt(LARGEST)))
                      .toArray()));
    }
    long taken = 0;
    long refused = 0;
    for (Future<long[]> one : taking) {
      taken += LongStream.of(one.get()).filter(amount -> amount > 0).sum();
      refused += LongStream.of(one.get()).filter(amount -> amount < 0).count();
    }
    assertThat(taken).as("of %d; seed %d", LIMIT, seed).isLessThan(LIMIT);
    assertThat(refused).as("refused; seed %d", seed).isZero();

    long more = 0;
    for (long amount = 0; amount >= 0; amount = request(counter, LARGEST)) {
      more += amount;
    }
    done.set(true);
    exchanging.get();
    assertThat(taken + more).as("seed %d", seed).isBetween(LIMIT - LARGEST, LIMIT);
  }
}
