package io.pointsman.plugin.routing;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The strategies there are, by name, and their weighted combinations: {@code
 * prefix-cache:2,least-request:1}, where a weight is from 0 to 1,000,000, 1 if it is not given, and
 * 0 leaves its member out. {@code pd} among the members stands for the whole combination: it cannot
 * be weighed against others. Thread-safe.
 */
public final class StrategyCatalog {
  /** Name of the strategy that applies where nothing else says. */
  public static final String DEFAULT = RandomStrategy.NAME;

  private static final int MAX_WEIGHT = 1_000_000;
  private static final int MAX_SPEC_LENGTH = 512;

  private final Map<String, RoutingStrategy> byName;
  private final BoundedCache<RoutingStrategy> combinations = new BoundedCache<>(this::combination);

  /**
   * @throws IllegalArgumentException if two have the same name, or none is {@link #DEFAULT}
   */
  public StrategyCatalog(List<RoutingStrategy> strategies) {
    var map = new HashMap<String, RoutingStrategy>();
    for (RoutingStrategy strategy : strategies) {
      if (map.put(strategy.name(), strategy) != null) {
        throw new IllegalArgumentException("two strategies are named " + strategy.name());
      }
    }
    if (!map.containsKey(DEFAULT)) {
      throw new IllegalArgumentException("no strategy is named " + DEFAULT);
    }
    byName = Map.copyOf(map);
  }

  /** Every strategy of this program. To add one, add its line here. */
  public static StrategyCatalog standard(PrefixCacheRules prefixCache, PdRules pd) {
    return new StrategyCatalog(
        List.of(
            new RandomStrategy(), //
            new LeastRequestStrategy(),
            new PrefixCacheStrategy(prefixCache),
            new PdStrategy(pd),
            new PowerOfTwoStrategy(),
            new SessionAffinityStrategy(),
            new LeastBusyTimeStrategy(),
            new LeastLatencyStrategy(),
            new ThroughputStrategy(),
            new LeastKvCacheStrategy("least-kv-cache"),
            new LeastKvCacheStrategy("least-gpu-cache"),
            new LeastUtilizationStrategy(),
            new VtcBasicStrategy(new UserTokens(System::nanoTime))));
  }

  /** The same with every rule at its default. */
  public static StrategyCatalog standard() {
    return standard(PrefixCacheRules.DEFAULTS, PdRules.DEFAULTS);
  }

  /** The strategy of exactly this name, or the combination that it spells; else null. */
  public @Nullable RoutingStrategy find(String name) {
    RoutingStrategy strategy = byName.get(name);
    boolean combined = strategy == null && name.length() <= MAX_SPEC_LENGTH;
    return combined && (name.indexOf(',') >= 0 || name.indexOf(':') >= 0)
        ? combinations.get(name)
        : strategy;
  }

  /** True if there is a strategy of this name, or it spells a combination. */
  public boolean isKnown(String name) {
    return find(name) != null;
  }

  /** Names of single strategies, sorted, for messages to people. */
  public Set<String> names() {
    return new TreeSet<>(byName.keySet());
  }

  /** Null if a member is none, or cannot be combined, or no member has weight. */
  private @Nullable RoutingStrategy combination(String spec) {
    RoutingStrategy alone = null;
    var members = new ArrayList<CostStrategy>();
    var weights = new ArrayList<Integer>();
    for (String part : spec.split(",", -1)) {
      int colon = part.indexOf(':');
      String name = (colon < 0 ? part : part.substring(0, colon)).strip();
      int weight = colon < 0 ? 1 : weight(part.substring(colon + 1).strip());
      RoutingStrategy named = byName.get(name);
      if (weight > 0 && alone == null && named instanceof PdStrategy) {
        alone = named;
      }
      if (named instanceof PdStrategy && weight >= 0) {
        continue;
      }
      if (weight < 0 || !(named instanceof CostStrategy member)) {
        return null;
      }
      if (weight > 0) {
        members.add(member);
        weights.add(weight);
      }
    }
    if (alone != null) {
      return alone;
    }
    return members.isEmpty() ? null : new WeightedStrategy(members, weights);
  }

  /** The weight, or -1 if it is none. */
  private static int weight(String text) {
    boolean digits = !text.isEmpty() && text.length() <= 7;
    for (int i = 0; i < text.length(); i++) {
      digits &= text.charAt(i) >= '0' && text.charAt(i) <= '9';
    }
    int weight = digits ? Integer.parseInt(text) : -1;
    return weight <= MAX_WEIGHT ? weight : -1;
  }
}
