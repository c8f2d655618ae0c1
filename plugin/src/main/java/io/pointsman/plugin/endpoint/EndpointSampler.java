package io.pointsman.plugin.endpoint;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at every endpoint ten times a second, for what {@link Observations} tells of time. A look
 * takes a few nanoseconds for each endpoint.
 */
public final class EndpointSampler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EndpointSampler.class);
  private static final long INTERVAL_MS = 100;

  private final Supplier<Pools> pools;
  private final LongSupplier clock;
  private final ScheduledExecutorService thread;

  private EndpointSampler(Supplier<Pools> pools, LongSupplier clock) {
    this.pools = pools;
    this.clock = clock;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var created = new Thread(task, "endpoint-sampler");
              created.setDaemon(true);
              return created;
            });
  }

  /** Begins to look. */
  public static EndpointSampler start(Supplier<Pools> pools) {
    var sampler = new EndpointSampler(pools, System::nanoTime);
    var unused =
        sampler.thread.scheduleWithFixedDelay(
            sampler::lookSafely, INTERVAL_MS, INTERVAL_MS, TimeUnit.MILLISECONDS);
    return sampler;
  }

  private void lookSafely() {
    try {
      sample(pools.get(), clock.getAsLong());
    } catch (RuntimeException e) {
      log.error("endpoints could not be sampled", e);
    }
  }

  /** Takes one sample of every endpoint. */
  static void sample(Pools pools, long now) {
    for (Pool pool : pools.all()) {
      for (Endpoint endpoint : pool.all()) {
        endpoint.observations().sample(endpoint.inFlight() + endpoint.peerInFlight(), now);
      }
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
