package io.pointsman.plugin.endpoint;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.endpoint.EndpointHealth.Phase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The registry's working state: the known models and endpoints, changed in place. Not thread-safe:
 * belongs to the registry's thread.
 *
 * <p>An endpoint that discovery dropped while requests are still out on it is remembered until they
 * are released. If its key comes back before that, it is the same endpoint again with the same
 * counts, since those requests still load it; only its health starts afresh.
 */
final class EndpointTable {
  private record Identity(String model, EndpointKey key) {}

  private static final class Model {
    final ModelSpec spec;
    final PoolMeters meters;
    final Map<EndpointKey, Endpoint> endpoints = new LinkedHashMap<>();

    Model(ModelSpec spec, PoolMeters meters) {
      this.spec = spec;
      this.meters = meters;
    }
  }

  private final PassiveHealth health;
  private final LongSupplier clock;
  private final MeterRegistry meterRegistry;
  private final Map<Identity, Endpoint> departed = new HashMap<>();
  private Map<String, Model> models = new LinkedHashMap<>();

  EndpointTable(PassiveHealth health, MeterRegistry meterRegistry, LongSupplier clock) {
    this.clock = clock;
    this.health = health;
    this.meterRegistry = meterRegistry;
  }

  /**
   * Makes the table what the topology says.
   *
   * @throws IllegalArgumentException if a model, or a key within a model, is there twice; nothing
   *     is changed then
   */
  void apply(Topology topology) {
    requireUnique(topology);
    departed.values().removeIf(endpoint -> endpoint.inFlight() == 0);
    retireWhatIsNotIn(topology);
    var next = new LinkedHashMap<String, Model>();
    for (ModelSpec spec : topology.models()) {
      Model known = models.get(spec.name());
      var meters = known == null ? new PoolMeters(meterRegistry, spec.name()) : known.meters;
      var model = new Model(spec, meters);
      for (EndpointSpec endpointSpec : spec.endpoints()) {
        Endpoint existing = known == null ? null : known.endpoints.get(endpointSpec.key());
        model.endpoints.put(endpointSpec.key(), admit(spec.name(), endpointSpec, existing, meters));
      }
      next.put(spec.name(), model);
    }
    models = next;
    advance();
  }

  private static void requireUnique(Topology topology) {
    Set<String> names = new HashSet<>();
    for (ModelSpec model : topology.models()) {
      if (!names.add(model.name())) {
        throw new IllegalArgumentException("model %s is there twice".formatted(model.name()));
      }
      Set<EndpointKey> keys = new HashSet<>();
      for (EndpointSpec endpoint : model.endpoints()) {
        if (!keys.add(endpoint.key())) {
          throw new IllegalArgumentException(
              "model %s: %s is there twice".formatted(model.name(), endpoint.key()));
        }
      }
    }
  }

  /** Gauges go first, so that a new endpoint at an old one's address finds its name free. */
  private void retireWhatIsNotIn(Topology topology) {
    Map<String, Map<EndpointKey, EndpointSpec>> wanted = new HashMap<>();
    for (ModelSpec model : topology.models()) {
      var byKey = new HashMap<EndpointKey, EndpointSpec>();
      model.endpoints().forEach(endpoint -> byKey.put(endpoint.key(), endpoint));
      wanted.put(model.name(), byKey);
    }
    models.forEach(
        (name, model) -> {
          var specs = wanted.getOrDefault(name, Map.of());
          for (Endpoint endpoint : model.endpoints.values()) {
            EndpointSpec spec = specs.get(endpoint.key());
            if (spec == null) {
              departed.put(new Identity(name, endpoint.key()), endpoint);
            }
            if (spec == null || isLabelledOtherwise(endpoint, spec)) {
              model.meters.remove(endpoint);
            }
          }
          if (!wanted.containsKey(name)) {
            model.meters.close();
          }
        });
  }

  private static boolean isLabelledOtherwise(Endpoint endpoint, EndpointSpec spec) {
    return !endpoint.name().equals(spec.name()) || !endpoint.address().equals(spec.address());
  }

  private Endpoint admit(
      String model, EndpointSpec spec, @Nullable Endpoint existing, PoolMeters meters) {
    if (existing != null) {
      boolean relabelled = isLabelledOtherwise(existing, spec);
      existing.update(spec);
      if (relabelled) {
        meters.add(existing);
      }
      return existing;
    }
    Endpoint returning = departed.remove(new Identity(model, spec.key()));
    if (returning != null) {
      returning.update(spec);
      returning.health().meters(meters);
      health.forget(returning);
      meters.add(returning);
      return returning;
    }
    var endpoint = new Endpoint(model, spec, health.newHealth(meters), clock.getAsLong());
    meters.add(endpoint);
    return endpoint;
  }

  /** Judges an endpoint's health; true if the pools changed. */
  boolean judge(Endpoint endpoint) {
    Model model = models.get(endpoint.model());
    return model != null
        && model.endpoints.get(endpoint.key()) == endpoint
        && health.judge(endpoint, model.endpoints.values());
  }

  /** Begins what is due; true if the pools changed. */
  boolean advance() {
    boolean changed = false;
    for (Model model : models.values()) {
      changed |= health.advance(model.endpoints.values());
    }
    return changed;
  }

  /** Nanoseconds until {@link #advance} has work, or -1 if nothing is to come. */
  long untilNextDue() {
    long next = -1;
    for (Model model : models.values()) {
      long wait = health.untilNextDue(model.endpoints.values());
      if (wait >= 0) {
        next = next < 0 ? wait : Math.min(next, wait);
      }
    }
    return next;
  }

  /** The table as it is now, for readers; also brings the state gauges up to date. */
  Pools snapshot() {
    var pools = new ArrayList<Pool>(models.size());
    for (Model model : models.values()) {
      List<Endpoint> candidates = new ArrayList<>();
      List<Endpoint> probation = new ArrayList<>();
      int notReady = 0;
      int setAside = 0;
      for (Endpoint endpoint : model.endpoints.values()) {
        Phase phase = endpoint.health().phase();
        if (!endpoint.isReady()) {
          notReady++;
        } else if (phase == Phase.READY) {
          candidates.add(endpoint);
        } else if (phase == Phase.PROBATION) {
          probation.add(endpoint);
        } else {
          setAside++;
        }
      }
      model.meters.states(
          new PoolMeters.States(candidates.size(), notReady, setAside, probation.size()));
      pools.add(
          new Pool(
              model.spec.name(),
              model.spec.engine(),
              model.spec.config(),
              candidates,
              probation,
              List.copyOf(model.endpoints.values())));
    }
    return new Pools(pools);
  }

  /** Takes every meter out of the meter registry. */
  void close() {
    models.values().forEach(model -> model.meters.close());
  }
}
