package io.pointsman.plugin.endpoint;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Every model's pool at one moment. Immutable, safe to share between threads. */
public final class Pools {
  /** No model at all. */
  public static final Pools EMPTY = new Pools(List.of());

  private final Map<String, Pool> byModel;

  public Pools(Collection<Pool> pools) {
    var map = new LinkedHashMap<String, Pool>();
    for (Pool pool : pools) {
      map.put(pool.model(), pool);
    }
    byModel = Collections.unmodifiableMap(map);
  }

  /** The pool that serves this model, or null if no one does. */
  public @Nullable Pool find(String model) {
    return byModel.get(model);
  }

  /** The one pool there is, or null if there are none or several. */
  public @Nullable Pool only() {
    return byModel.size() == 1 ? byModel.values().iterator().next() : null;
  }

  /** All pools, in discovery's order. */
  public Collection<Pool> all() {
    return byModel.values();
  }
}
