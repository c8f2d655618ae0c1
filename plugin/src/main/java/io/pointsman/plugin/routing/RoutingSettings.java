package io.pointsman.plugin.routing;

import java.time.Duration;

/**
 * How the router decides.
 *
 * @param fallbackStrategy strategy where neither lock, header nor profile says ({@code
 *     ROUTING_ALGORITHM}); empty for {@link StrategyCatalog#DEFAULT}
 * @param ramp how long an endpoint counts as new to its pool
 * @param externalFilter true if clients may choose among endpoints by the header {@code
 *     external-filter}
 * @param maxInFlight with so many requests in flight an endpoint gets no more; 0 is no limit
 */
public record RoutingSettings(
    String fallbackStrategy, Duration ramp, boolean externalFilter, int maxInFlight) {
  /** What applies where the operator sets nothing. */
  public static final RoutingSettings DEFAULTS =
      new RoutingSettings("", PrefixCacheRules.DEFAULTS.ramp(), false);

  /** Endpoints take as many requests as come. */
  public RoutingSettings(String fallbackStrategy, Duration ramp, boolean externalFilter) {
    this(fallbackStrategy, ramp, externalFilter, 0);
  }
}
