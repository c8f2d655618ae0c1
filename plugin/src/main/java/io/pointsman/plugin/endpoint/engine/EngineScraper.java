package io.pointsman.plugin.endpoint.engine;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.Pools;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the metrics pages of those engines whose signals decisions have asked for lately, and at
 * no others. Thread-safe.
 */
public final class EngineScraper implements AutoCloseable {
  /** So long after the last decision that asked, an engine is still looked at. */
  private static final long WANTED_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final long freshNanos;
  private final EnginePoller<ScrapedEngine> poller;

  public EngineScraper(ScrapeSettings settings, Supplier<Pools> pools, MeterRegistry registry) {
    this(settings, pools, registry, System::nanoTime);
  }

  /**
   * Begins at once; idle as long as nobody asks.
   *
   * @param clock nanoseconds, by the clock that the endpoint registry goes by
   */
  EngineScraper(
      ScrapeSettings settings, Supplier<Pools> pools, MeterRegistry registry, LongSupplier clock) {
    freshNanos = settings.freshness().toNanos();
    poller = new EnginePoller<>("metrics", settings, pools, registry, clock, this::engine);
  }

  private @Nullable ScrapedEngine engine(
      Endpoint endpoint, EngineKind kind, @Nullable ScrapedEngine known, long now) {
    if (!endpoint.engineSignalsWanted(now, WANTED_NANOS)) {
      return null;
    }
    return known != null && known.kind.equals(kind)
        ? known
        : new ScrapedEngine(endpoint, kind, now, freshNanos);
  }

  @Override
  public void close() {
    poller.close();
  }
}
