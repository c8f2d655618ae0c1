package io.pointsman.plugin.endpoint.engine;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Pools;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at one page of many engines. All bookkeeping happens on one thread; looks are asynchronous.
 * An engine whose page cannot be read is asked less and less often.
 */
final class EnginePoller<E extends PolledEngine> implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EnginePoller.class);

  private static final long TICK_MS = 50;
  private static final int MAX_BACK_OFF = 5;
  private static final int OK = 200;

  /** Says whose page is looked at. */
  interface Interest<E> {
    /**
     * The engine of an endpoint.
     *
     * @param known as it was the last time; null if it was not looked at
     * @return null if it is not to be looked at
     */
    @Nullable E engine(Endpoint endpoint, EngineKind kind, @Nullable E known, long now);
  }

  private final String page;
  private final ScrapeSettings settings;
  private final Supplier<Pools> pools;
  private final LongSupplier clock;
  private final MeterRegistry meterRegistry;
  private final Interest<E> interest;
  private final ScheduledThreadPoolExecutor thread;
  private final HttpClient client;
  private final Map<Endpoint, E> engines = new HashMap<>();
  private final List<Meter> meters = new ArrayList<>();
  private final Counter read;
  private final Counter failed;
  private int underWay;
  private volatile int watched;

  /**
   * Begins at once.
   *
   * @param page what it is called in metrics
   * @param clock nanoseconds, by the clock that the endpoint registry goes by
   * @param interest asked on the poller's thread
   */
  EnginePoller(
      String page,
      ScrapeSettings settings,
      Supplier<Pools> pools,
      MeterRegistry meterRegistry,
      LongSupplier clock,
      Interest<E> interest) {
    this.page = page;
    this.settings = settings;
    this.pools = pools;
    this.clock = clock;
    this.meterRegistry = meterRegistry;
    this.interest = interest;
    thread =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              var created = new Thread(task, "engine-" + page);
              created.setDaemon(true);
              return created;
            });
    thread.setRemoveOnCancelPolicy(true);
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(settings.timeout())
            .executor(thread)
            .build();
    read = counter("ok");
    failed = counter("failed");
    meters.add(
        Gauge.builder("pointsman.engine.watched", this, its -> its.watched)
            .description("Engines whose pages are read because somebody asks for what they tell")
            .tag("page", page)
            .register(meterRegistry));
    var unused = thread.scheduleWithFixedDelay(this::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
  }

  private Counter counter(String result) {
    Counter counter =
        Counter.builder("pointsman.engine.scrapes")
            .description("Looks at pages of engines by what came of them")
            .tag("page", page)
            .tag("result", result)
            .register(meterRegistry);
    meters.add(counter);
    return counter;
  }

  private void tick() {
    try {
      long now = clock.getAsLong();
      followInterest(now);
      List<E> due = new ArrayList<>();
      for (E engine : engines.values()) {
        if (!engine.underWay && now - engine.due >= 0) {
          due.add(engine);
        }
      }
      due.sort(Comparator.comparingLong(engine -> engine.due - now));
      for (E engine : due) {
        if (underWay >= settings.concurrency()) {
          break;
        }
        look(engine, now);
      }
    } catch (RejectedExecutionException e) {
      log.debug("closed while engines were about to be looked at");
    } catch (RuntimeException e) {
      log.error("pages of engines could not be looked at: page={}", page, e);
    }
  }

  /** Takes on who is of interest, and lets go of all others. */
  private void followInterest(long now) {
    Set<Endpoint> wanted = new HashSet<>();
    for (Pool pool : pools.get().all()) {
      EngineKind kind = EngineKind.find(pool.engine());
      if (kind == null) {
        continue;
      }
      for (Endpoint endpoint : pool.all()) {
        E engine = interest.engine(endpoint, kind, engines.get(endpoint), now);
        if (engine != null) {
          wanted.add(endpoint);
          engines.put(endpoint, engine);
        }
      }
    }
    engines.keySet().retainAll(wanted);
    watched = engines.size();
  }

  private void look(E engine, long now) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + engine.page()))
            .header("user-agent", "pointsman")
            .build();
    engine.looking();
    engine.underWay = true;
    underWay++;
    CompletableFuture<HttpResponse<byte[]>> answer =
        client.sendAsync(request, info -> new BoundedBody(settings.maxBytes()));
    // Else a page that comes drop by drop would be waited for without end.
    var limit =
        thread.schedule(
            () -> answer.cancel(true), settings.timeout().toNanos(), TimeUnit.NANOSECONDS);
    var unused =
        answer.whenComplete(
            (response, error) -> {
              try {
                thread.execute(
                    () -> {
                      limit.cancel(false);
                      finish(engine, now, response, error);
                    });
              } catch (RejectedExecutionException e) {
                log.debug("closed before an engine answered");
              }
            });
  }

  private void finish(
      E engine, long began, @Nullable HttpResponse<byte[]> response, @Nullable Throwable error) {
    underWay--;
    engine.underWay = false;
    long now = clock.getAsLong();
    if (response != null
        && error == null
        && response.statusCode() == OK
        && engine.read(response.body(), now)) {
      engine.failures = 0;
      read.increment();
      engine.due = began + jittered(settings.interval().toNanos());
      return;
    }
    failed.increment();
    engine.failures++;
    if (engine.failures == 1) {
      log.debug(
          "page not read: page={} endpoint={} status={} error={}",
          page,
          engine.endpoint,
          response == null ? 0 : response.statusCode(),
          String.valueOf(error));
    }
    long factor = 1L << Math.min(engine.failures, MAX_BACK_OFF);
    engine.due = now + jittered(settings.interval().toNanos() * factor);
  }

  private long jittered(long nanos) {
    double part = settings.jitter() * (2 * ThreadLocalRandom.current().nextDouble() - 1);
    return nanos + (long) (nanos * part);
  }

  @Override
  public void close() {
    thread.shutdownNow();
    meters.forEach(meterRegistry::remove);
  }
}
