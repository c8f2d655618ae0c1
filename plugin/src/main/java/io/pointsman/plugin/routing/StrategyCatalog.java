package io.pointsman.plugin.routing;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The strategies there are, by name. Immutable. */
public final class StrategyCatalog {
  /** Name of the strategy that applies where nothing else says. */
  public static final String DEFAULT = RandomStrategy.NAME;

  private final Map<String, RoutingStrategy> byName;

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
  public static StrategyCatalog standard(PrefixCacheRules prefixCache) {
    return new StrategyCatalog(
        List.of(
            new RandomStrategy(), //
            new LeastRequestStrategy(),
            new PrefixCacheStrategy(prefixCache)));
  }

  /** The same with every rule at its default. */
  public static StrategyCatalog standard() {
    return standard(PrefixCacheRules.DEFAULTS);
  }

  /** The strategy of exactly this name, or null. */
  public @Nullable RoutingStrategy find(String name) {
    return byName.get(name);
  }

  /** True if there is a strategy of exactly this name. */
  public boolean isKnown(String name) {
    return byName.containsKey(name);
  }

  /** All names, sorted, for messages to people. */
  public Set<String> names() {
    return new TreeSet<>(byName.keySet());
  }
}
