package io.pointsman.plugin.endpoint;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Every model's pool at one moment. A LoRA adapter has a pool too: those endpoints of its base
 * model that list it. SGLang's clients write {@code model:adapter} for it, so there that name
 * stands for it too. Immutable, safe to share between threads.
 */
public final class Pools {
  private static final String SGLANG = "sglang";

  /** No model at all. */
  public static final Pools EMPTY = new Pools(List.of());

  private final List<Pool> models;
  private final Map<String, Pool> byName = new HashMap<>();
  private final Map<String, Pool> adapters = new TreeMap<>();

  /**
   * Makes pools for adapters out of those for models.
   *
   * @param pools of models. A name that two of them list, or that a model has, stands for the
   *     model, else for the adapter of the first
   */
  public Pools(Collection<Pool> pools) {
    models = List.copyOf(pools);
    for (Pool pool : models) {
      byName.put(pool.model(), pool);
    }
    for (Pool pool : models) {
      Set<String> names = new HashSet<>();
      pool.all().forEach(endpoint -> names.addAll(endpoint.adapters()));
      for (String name : names) {
        Pool those = pool.withAdapter(name);
        if (byName.putIfAbsent(name, those) == null) {
          adapters.put(name, those);
        }
        if (pool.engine().equals(SGLANG)) {
          byName.putIfAbsent(pool.model() + ":" + name, those);
        }
      }
    }
  }

  /** The pool that serves this model or adapter, or null if no one does. */
  public @Nullable Pool find(String name) {
    return byName.get(name);
  }

  /** The pool of the one name that requests can give, or null if there are none or several. */
  public @Nullable Pool only() {
    return byName.size() == 1 ? models.get(0) : null;
  }

  /** The pools of all models, in discovery's order. */
  public Collection<Pool> all() {
    return models;
  }

  /** The pools of all adapters, in the order of their names. */
  public Map<String, Pool> adapters() {
    return Collections.unmodifiableMap(adapters);
  }
}
