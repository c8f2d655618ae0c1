package io.pointsman.plugin.endpoint;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.proto.admin.v1.EndpointsReport;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows every endpoint: takes topologies from discovery and outcomes from requests, and publishes
 * the pools that routing picks from.
 *
 * <p>Thread-safe. All changes happen on one thread, which this object owns; readers see immutable
 * {@link Pools} through one volatile field, whole.
 */
public final class EndpointRegistry implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EndpointRegistry.class);

  /** So long news of one engine's adapters waits for that of others: each is told by itself. */
  private static final long ADAPTERS_WAIT_MS = 50;

  private final HealthSettings settings;
  private final LongSupplier clock;
  private final ScheduledThreadPoolExecutor thread;
  private final EndpointTable table;
  private volatile Pools pools = Pools.EMPTY;

  /** Written and read on {@code thread} only. */
  private @Nullable Future<?> wakeUp;

  /** True if news waits to be published; belongs to {@code thread}. */
  private boolean newsWaits;

  public EndpointRegistry(HealthSettings settings, MeterRegistry meterRegistry) {
    this(settings, meterRegistry, System::nanoTime, () -> ThreadLocalRandom.current().nextLong());
  }

  /**
   * @param clock nanoseconds, as {@link System#nanoTime}; the router must go by the same one
   * @param random for jitter; used on the registry's thread only
   */
  public EndpointRegistry(
      HealthSettings settings,
      MeterRegistry meterRegistry,
      LongSupplier clock,
      RandomGenerator random) {
    this.settings = settings;
    this.clock = clock;
    table = new EndpointTable(new PassiveHealth(settings, clock, random), meterRegistry, clock);
    thread =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              var created = new Thread(task, "endpoint-registry");
              created.setDaemon(true);
              return created;
            });
    thread.setRemoveOnCancelPolicy(true);
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** The pools as they are now. */
  public Pools pools() {
    return pools;
  }

  /**
   * Takes a topology over. When this returns, {@link #pools} shows it. Does nothing once closed.
   *
   * @throws IllegalArgumentException if a model, or an endpoint within a model, is there twice;
   *     nothing is changed then
   */
  public void apply(Topology topology) {
    runAndWait(
        () -> {
          table.apply(topology);
          publish();
        });
  }

  /**
   * Says what a request met at an endpoint. To be called as soon as that is known, at the latest
   * when the request ends, and at most once for each request. Cheap enough for event loops: no
   * lock, and no allocation unless something is wrong.
   */
  public void report(Endpoint endpoint, Outcome outcome) {
    if (outcome == Outcome.NEUTRAL) {
      return;
    }
    EndpointHealth health = endpoint.health();
    boolean judge;
    if (outcome == Outcome.ANSWERED) {
      judge = health.answered();
    } else {
      health.meters().failed(outcome);
      judge = settings.enabled() && health.failed(settings.consecutiveFailures());
    }
    if (judge) {
      run(
          () -> {
            if (table.judge(endpoint)) {
              publish();
            }
          });
    }
  }

  /**
   * Takes over which LoRA adapters an engine says that it has loaded. They count where discovery
   * lists none for its endpoint. {@link #pools} shows them a moment later.
   */
  public void loaded(Endpoint endpoint, List<String> adapters) {
    run(
        () -> {
          if (endpoint.loaded(adapters) && !newsWaits) {
            newsWaits = true;
            var unused =
                thread.schedule(logging(this::publish), ADAPTERS_WAIT_MS, TimeUnit.MILLISECONDS);
          }
        });
  }

  /** What is known of every endpoint, for people. */
  public EndpointsReport describe() {
    return EndpointReports.describe(pools, clock.getAsLong());
  }

  /** Stops the thread and takes the meters away; the last pools stay readable. */
  @Override
  public void close() {
    runAndWait(table::close);
    thread.shutdown();
  }

  /** Begins what is due by the clock, and waits for all that was asked for before. */
  void advance() {
    runAndWait(this::wake);
  }

  private void wake() {
    if (table.advance()) {
      publish();
    } else {
      scheduleWakeUp();
    }
  }

  private void publish() {
    newsWaits = false;
    pools = table.snapshot();
    scheduleWakeUp();
  }

  private void scheduleWakeUp() {
    if (wakeUp != null) {
      wakeUp.cancel(false);
      wakeUp = null;
    }
    long wait = table.untilNextDue();
    if (wait >= 0) {
      wakeUp = thread.schedule(logging(this::wake), wait, TimeUnit.NANOSECONDS);
    }
  }

  private void run(Runnable change) {
    try {
      thread.execute(logging(change));
    } catch (RejectedExecutionException e) {
      log.debug("endpoint registry is closed");
    }
  }

  private static Runnable logging(Runnable change) {
    return () -> {
      try {
        change.run();
      } catch (RuntimeException e) {
        log.error("endpoint registry could not make a change", e);
      }
    };
  }

  private void runAndWait(Runnable change) {
    try {
      thread.submit(change).get();
    } catch (RejectedExecutionException | CancellationException e) {
      log.debug("endpoint registry is closed");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refused;
      }
      throw new IllegalStateException(e.getCause());
    }
  }
}
