package io.pointsman.plugin.routing;

import io.pointsman.plugin.blockmap.Placement;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PromptMatch;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Pools;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.prompt.ParsedRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
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
  private final PrefixIndex prefixes;
  private final long rampNanos;
  private final ThreadLocal<CandidateScan> scans;

  /**
   * @param pools where the present pools are had
   * @param fallbackStrategy strategy where neither lock, header nor profile says ({@code
   *     ROUTING_ALGORITHM}); empty for {@link StrategyCatalog#DEFAULT}
   * @param prefixes where prompts are remembered
   * @param ramp how long an endpoint counts as new to its pool
   */
  public Router(
      Supplier<Pools> pools,
      StrategyCatalog strategies,
      String fallbackStrategy,
      PrefixIndex prefixes,
      Duration ramp) {
    this(
        pools,
        strategies,
        fallbackStrategy,
        prefixes,
        ramp,
        ThreadLocalRandom::current,
        System::nanoTime);
  }

  /**
   * @param prefixes where prompts are remembered
   * @param ramp how long an endpoint counts as new to its pool
   * @param random asked once by each thread that decides, on that thread
   * @param clock nanoseconds, by the clock that the endpoint registry goes by
   */
  public Router(
      Supplier<Pools> pools,
      StrategyCatalog strategies,
      String fallbackStrategy,
      PrefixIndex prefixes,
      Duration ramp,
      Supplier<RandomGenerator> random,
      LongSupplier clock) {
    this.pools = pools;
    this.strategies = strategies;
    this.profiles = new ProfileResolver(fallbackStrategy);
    this.clock = clock;
    this.prefixes = prefixes;
    this.rampNanos = ramp.toNanos();
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
    var view = new RequestView(request.model(), request.body(), profile);
    Reservation reservation = reserve(pool, strategy, view);
    if (reservation == null) {
      return new Decision.NoEndpoints(request.model());
    }
    return new Decision.Routed(reservation, name, profile == null ? null : profile.name());
  }

  /** Trials first: they are rare by their permits, and the only way back from probation. */
  private @Nullable Reservation reserve(Pool pool, RoutingStrategy strategy, RequestView request) {
    PromptMatch match = strategy.needsPrompt() ? match(pool, request) : null;
    long now = clock.getAsLong();
    for (Endpoint endpoint : pool.probation()) {
      long ticket = endpoint.tryBeginTrial(now);
      if (ticket != 0) {
        endpoint.reserve();
        return reservation(endpoint, ticket, match, 0);
      }
    }
    if (pool.candidates().isEmpty()) {
      return null;
    }
    CandidateScan scan = scans.get();
    try {
      scan.beginDecision(match, now, rampNanos(request.profile()));
      int chosen = pick(pool.candidates(), strategy, request, scan);
      return reservation(pool.candidates().get(chosen), 0, match, scan.matchedBlocks(chosen));
    } finally {
      scan.end();
    }
  }

  private @Nullable PromptMatch match(Pool pool, RequestView request) {
    ParsedRequest body = request.body();
    if (body == null) {
      return null;
    }
    Profile profile = request.profile();
    Integer blockBytes = profile == null ? null : profile.prefixCache().blockBytes();
    return blockBytes == null
        ? prefixes.match(request.model(), pool.candidates(), body.prompt())
        : prefixes.match(request.model(), pool.candidates(), body.prompt(), blockBytes);
  }

  private long rampNanos(@Nullable Profile profile) {
    Integer seconds = profile == null ? null : profile.prefixCache().rampSeconds();
    return seconds == null ? rampNanos : TimeUnit.SECONDS.toNanos(seconds);
  }

  private static int pick(
      List<Endpoint> candidates,
      RoutingStrategy strategy,
      RequestView request,
      CandidateScan scan) {
    while (true) {
      scan.begin(candidates);
      int chosen = strategy.pick(request, scan);
      // A failure means that another request was reserved or released there: somebody got on.
      if (scan.tryReserve(chosen)) {
        return chosen;
      }
    }
  }

  private Reservation reservation(
      Endpoint endpoint, long ticket, @Nullable PromptMatch match, int matchedBlocks) {
    if (match == null) {
      return new Reservation(endpoint, ticket, Router::takeNothingBack);
    }
    Placement placement = prefixes.place(match, matchedBlocks, endpoint);
    return new Reservation(endpoint, ticket, () -> prefixes.takeBack(placement));
  }

  private static void takeNothingBack() {}
}
