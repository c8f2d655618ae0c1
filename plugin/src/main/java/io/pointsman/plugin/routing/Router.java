package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.ModelConfig.Profile;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Pools;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Decides where a request goes and reserves it there, in one atomic step: a strategy reads loads
 * and picks, the reservation is a compare-and-set on the load that was read for the pick, and if
 * another request came between, the strategy is asked again. So simultaneous requests cannot all
 * choose the endpoint that was least loaded a moment ago.
 *
 * <p>Thread-safe and lock-free; does no I/O and may be called on event loops.
 */
public final class Router {
  private final Supplier<Pools> pools;
  private final StrategyCatalog strategies;
  private final ProfileResolver profiles;
  private final LongSupplier clock;
  private final ThreadLocal<CandidateScan> scans;

  /**
   * @param pools where the present pools are had
   * @param fallbackStrategy strategy where neither lock, header nor profile says ({@code
   *     ROUTING_ALGORITHM}); empty for {@link StrategyCatalog#DEFAULT}
   */
  public Router(Supplier<Pools> pools, StrategyCatalog strategies, String fallbackStrategy) {
    this(pools, strategies, fallbackStrategy, ThreadLocalRandom::current, System::nanoTime);
  }

  /**
   * @param random asked once by each thread that decides, on that thread
   * @param clock nanoseconds, by the clock that the endpoint registry goes by
   */
  public Router(
      Supplier<Pools> pools,
      StrategyCatalog strategies,
      String fallbackStrategy,
      Supplier<RandomGenerator> random,
      LongSupplier clock) {
    this.pools = pools;
    this.strategies = strategies;
    this.profiles = new ProfileResolver(fallbackStrategy);
    this.clock = clock;
    this.scans = ThreadLocal.withInitial(() -> new CandidateScan(random.get()));
  }

  /**
   * Decides. In the order of the wire contract: is the model known, does any endpoint take
   * requests, is the strategy one of ours. Anything reserved is in the answer, and the caller's to
   * release.
   */
  public Decision route(RouteRequest request) {
    Pool pool = pools.get().find(request.model());
    if (pool == null) {
      return new Decision.UnknownModel(request.model());
    }
    if (pool.candidates().isEmpty() && pool.probation().isEmpty()) {
      return new Decision.NoEndpoints(request.model());
    }
    if (request.body() == null && profiles.needsBody(pool.config(), request.profileHeader())) {
      return new Decision.NeedsBody();
    }
    Profile profile = profiles.profile(pool.config(), request.profileHeader(), request.body());
    String name = profiles.strategy(pool.config(), request.strategyHeader(), profile);
    RoutingStrategy strategy = strategies.find(name);
    if (strategy == null) {
      return new Decision.UnknownStrategy(name);
    }
    if (request.body() == null && strategy.needsPrompt()) {
      return new Decision.NeedsBody();
    }
    Reservation reservation = reserve(pool, strategy, request);
    if (reservation == null) {
      return new Decision.NoEndpoints(request.model());
    }
    return new Decision.Routed(reservation, name, profile == null ? null : profile.name());
  }

  /** Trials first: they are rare by their permits, and the only way back from probation. */
  private @Nullable Reservation reserve(Pool pool, RoutingStrategy strategy, RouteRequest request) {
    if (!pool.probation().isEmpty()) {
      Reservation trial = beginTrial(pool.probation());
      if (trial != null) {
        return trial;
      }
    }
    return pool.candidates().isEmpty() ? null : pick(pool.candidates(), strategy, request);
  }

  private @Nullable Reservation beginTrial(List<Endpoint> probation) {
    long now = clock.getAsLong();
    for (Endpoint endpoint : probation) {
      long ticket = endpoint.tryBeginTrial(now);
      if (ticket != 0) {
        endpoint.reserve();
        return new Reservation(endpoint, ticket);
      }
    }
    return null;
  }

  private Reservation pick(
      List<Endpoint> candidates, RoutingStrategy strategy, RouteRequest request) {
    var view = new RequestView(request.model(), request.body());
    CandidateScan scan = scans.get();
    try {
      while (true) {
        scan.begin(candidates);
        int chosen = strategy.pick(view, scan);
        // A failure means that another request was reserved or released there: somebody got on.
        if (scan.tryReserve(chosen)) {
          return new Reservation(candidates.get(chosen), 0);
        }
      }
    } finally {
      scan.end();
    }
  }
}
