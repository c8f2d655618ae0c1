package io.pointsman.plugin.routing;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.blockmap.Placement;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PromptMatch;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Pools;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.prompt.ParsedRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
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
  /** The engine whose decode pods cannot compute a prompt themselves. */
  private static final String WAITS_FOR_PREFILL = "sglang";

  private final Supplier<Pools> pools;
  private final StrategyCatalog strategies;
  private final ProfileResolver profiles;
  private final boolean externalFilter;
  private final int maxInFlight;
  private final LongSupplier clock;
  private final PrefixIndex prefixes;
  private final long rampNanos;
  private final UnknownSignals unknownSignals;
  private final ThreadLocal<CandidateScan> scans;
  private final BoundedCache<LabelSelector> selectors = new BoundedCache<>(Router::selector);

  /**
   * @param pools where the present pools are had
   * @param prefixes where prompts are remembered
   */
  public Router(
      Supplier<Pools> pools,
      StrategyCatalog strategies,
      RoutingSettings settings,
      PrefixIndex prefixes) {
    this(pools, strategies, settings, prefixes, ThreadLocalRandom::current, System::nanoTime);
  }

  /**
   * @param prefixes where prompts are remembered
   * @param random asked once by each thread that decides, on that thread
   * @param clock nanoseconds, by the clock that the endpoint registry goes by
   */
  public Router(
      Supplier<Pools> pools,
      StrategyCatalog strategies,
      RoutingSettings settings,
      PrefixIndex prefixes,
      Supplier<RandomGenerator> random,
      LongSupplier clock) {
    this.pools = pools;
    this.strategies = strategies;
    this.profiles = new ProfileResolver(settings.fallbackStrategy());
    this.externalFilter = settings.externalFilter();
    this.maxInFlight = settings.maxInFlight();
    this.clock = clock;
    this.prefixes = prefixes;
    this.rampNanos = settings.ramp().toNanos();
    this.unknownSignals = new UnknownSignals(strategies.names());
    this.scans = ThreadLocal.withInitial(() -> new CandidateScan(random.get(), unknownSignals));
  }

  /** Shows what the strategies had to do without. */
  public void bindTo(MeterRegistry registry) {
    unknownSignals.bindTo(registry);
  }

  /** The names that a client may ask for, for messages to people. */
  public Set<String> strategyNames() {
    return strategies.names();
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
    RouteHeaders headers = request.headers();
    ParsedRequest body = request.body();
    if (body == null && profiles.needsBody(pool.config(), headers.profile())) {
      return new Decision.NeedsBody();
    }
    Profile profile = profiles.profile(pool.config(), headers.profile(), body);
    String name = profiles.strategy(pool.config(), headers.strategy(), profile);
    RoutingStrategy strategy = strategies.find(name);
    if (strategy == null) {
      return new Decision.UnknownStrategy(name);
    }
    if (body == null && strategy.needsBody()) {
      return new Decision.NeedsBody();
    }
    String filter = externalFilter ? headers.filter() : null;
    LabelSelector selector = filter == null ? null : selectors.get(filter);
    if (filter != null && selector == null) {
      return new Decision.NothingSelected(filter);
    }
    CandidateScan scan = scans.get();
    long session = strategy.usesSession() ? SessionNumber.of(headers, scan.random()) : 0;
    var view = new RequestView(request.model(), body, profile, headers.user(), session);
    Reservation reservation = reserve(pool, strategy, view, selector, scan);
    if (reservation == null) {
      if (scan.nothingFits()) {
        return new Decision.NothingFits(strategy.name());
      }
      if (scan.anyFull()) {
        return new Decision.AllFull(request.model());
      }
      return filter == null
          ? new Decision.NoEndpoints(request.model())
          : new Decision.NothingSelected(filter);
    }
    PrefillPlan prefill =
        strategy instanceof PdStrategy
            ? new PrefillPlan(
                pool.model(),
                pool.engine(),
                reservation.prefill(),
                scan.lacksPrefill(),
                reservation.endpoint(),
                profile,
                () -> pools.get().find(request.model()),
                selector)
            : null;
    return new Decision.Routed(
        reservation,
        name,
        strategy.name(),
        profile,
        session == 0 ? null : SessionNumber.id(session),
        prefill);
  }

  /**
   * What requests of this kind may take by the profile that applies, without deciding anything.
   * Null if the model is not known or the profile cannot be told without the body; {@link #route}
   * says then what is the matter.
   */
  public @Nullable ProfileLimits limits(RouteRequest request) {
    Pool pool = pools.get().find(request.model());
    String asked = request.headers().profile();
    if (pool == null || (request.body() == null && profiles.needsBody(pool.config(), asked))) {
      return null;
    }
    Profile profile = profiles.profile(pool.config(), asked, request.body());
    return profile == null
        ? ProfileLimits.NONE
        : new ProfileLimits(
            pool.model(), profile.name(), profile.limits(), pool.candidates().size());
  }

  private static @Nullable LabelSelector selector(String text) {
    try {
      return LabelSelector.parse(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Trials first: they are rare by their permits, and the only way back from probation. */
  private @Nullable Reservation reserve(
      Pool pool,
      RoutingStrategy strategy,
      RequestView request,
      @Nullable LabelSelector selector,
      CandidateScan scan) {
    PromptMatch match = strategy.needsPrompt() ? match(pool, request) : null;
    long now = clock.getAsLong();
    for (Endpoint endpoint : pool.probation()) {
      if (selector != null && !selector.matches(endpoint.labels())) {
        continue;
      }
      if (maxInFlight > 0 && endpoint.inFlight() + endpoint.peerInFlight() >= maxInFlight) {
        continue;
      }
      long ticket = endpoint.tryBeginTrial(now);
      if (ticket != 0 && strategy instanceof PdStrategy) {
        Reservation reservation =
            tryTogether(pool, endpoint, ticket, strategy, request, selector, scan, now);
        if (reservation != null) {
          return reservation;
        }
      } else if (ticket != 0) {
        endpoint.reserve();
        strategy.picked(request);
        return reservation(endpoint, ticket, match, 0);
      }
    }
    try {
      long ramp = rampNanos(request.profile());
      scan.beginDecision(pool.candidates(), selector, maxInFlight, match, now, ramp);
      if (pool.engine().equals(WAITS_FOR_PREFILL)) {
        scan.decodesNeverAlone();
      }
      int chosen = pick(strategy, request, scan);
      if (chosen < 0) {
        return null;
      }
      strategy.picked(request);
      Reservation prefill = prefill(scan, match, 0);
      return reservation(scan.endpoint(chosen), 0, match, scan.matchedBlocks(chosen), prefill);
    } finally {
      scan.end();
    }
  }

  /**
   * A trial of one endpoint of a pair, or of one that serves whole requests.
   *
   * @return null if it cannot be tried now; its permit is given back then
   */
  private @Nullable Reservation tryTogether(
      Pool pool,
      Endpoint tried,
      long ticket,
      RoutingStrategy strategy,
      RequestView request,
      @Nullable LabelSelector selector,
      CandidateScan scan,
      long now) {
    List<Endpoint> few = new ArrayList<>();
    few.add(tried);
    for (Endpoint endpoint : pool.candidates()) {
      if (tried.role() != Role.COMBINED
          && endpoint.role() != Role.COMBINED
          && endpoint.role() != tried.role()
          && Objects.equals(endpoint.roleset(), tried.roleset())) {
        few.add(endpoint);
      }
    }
    try {
      scan.beginDecision(few, selector, maxInFlight, null, now, 0);
      if (tried.role() != Role.DECODE || pool.engine().equals(WAITS_FOR_PREFILL)) {
        // The one on trial is to take part.
        scan.decodesNeverAlone();
      }
      int chosen = pick(strategy, request, scan);
      if (chosen >= 0) {
        Reservation prefill = prefill(scan, null, ticket);
        long own = scan.endpoint(chosen) == tried ? ticket : 0;
        return new Reservation(scan.endpoint(chosen), own, Router::takeNothingBack, prefill);
      }
    } finally {
      scan.end();
    }
    tried.endTrial(ticket);
    return null;
  }

  /** What the scan has reserved for the prefill, or null. */
  private @Nullable Reservation prefill(
      CandidateScan scan, @Nullable PromptMatch match, long ticket) {
    int index = scan.prefill();
    if (index < 0) {
      return null;
    }
    Endpoint endpoint = scan.endpoint(index);
    // Of several candidates the first is the one on trial, if there is a ticket.
    return reservation(endpoint, index == 0 ? ticket : 0, match, scan.matchedBlocks(index));
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

  /** The candidate that was chosen and reserved; negative if there is none. */
  private static int pick(RoutingStrategy strategy, RequestView request, CandidateScan scan) {
    while (scan.begin()) {
      int chosen = strategy.pick(request, scan);
      if (chosen < 0) {
        scan.nothingFits(true);
        return chosen;
      }
      // A failure means that another request was reserved or released there: somebody got on.
      if (scan.tryReserve(chosen, scan.prefill())) {
        return chosen;
      }
    }
    return -1;
  }

  private Reservation reservation(
      Endpoint endpoint, long ticket, @Nullable PromptMatch match, int matchedBlocks) {
    return reservation(endpoint, ticket, match, matchedBlocks, null);
  }

  private Reservation reservation(
      Endpoint endpoint,
      long ticket,
      @Nullable PromptMatch match,
      int matchedBlocks,
      @Nullable Reservation prefill) {
    if (match == null) {
      return new Reservation(endpoint, ticket, Router::takeNothingBack, prefill);
    }
    // A decode pod holds the prompt too, once it was handed over; it counts as one use of it.
    Placement placement =
        prefill == null
            ? prefixes.place(match, matchedBlocks, endpoint)
            : prefixes.remember(match, endpoint);
    return new Reservation(endpoint, ticket, () -> prefixes.takeBack(placement), prefill);
  }

  private static void takeNothingBack() {}
}
