package io.pointsman.plugin.prefill;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.Pools;
import io.pointsman.plugin.routing.PrefillPlan;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Has prompts computed on prefill pods, as plans of the strategy {@code pd} say. Nothing in it
 * blocks; what takes time happens on threads of its own. Thread-safe.
 *
 * <p>Each prefill is reserved on its pod until the call is over. A call that fails is made again on
 * other pods of the roleset, as long as attempts and deadline allow; a failure counts towards
 * setting the pod aside. Then the profile's {@code onPrefillFailure}, or else the operator's
 * setting, says how the request goes on.
 *
 * <p>SGLang's prefill and decode pods wait for each other, so there the prefill runs beside the
 * request ({@link PrefillOutcome.Beside}); a failure of it always fails the request.
 */
public final class Prefiller implements AutoCloseable {
  private static final Duration LONGEST_CONNECT = Duration.ofSeconds(5);

  private final PrefillSettings settings;
  private final EndpointRegistry registry;
  private final MeterRegistry meters;
  private final PrefillClient client;
  private final PrefillLog log = new PrefillLog(System::nanoTime);
  private final ConcurrentHashMap<String, PrefillMeters> models = new ConcurrentHashMap<>();

  /**
   * @param registry is told what calls met at prefill pods
   * @param meters where meters are registered
   */
  public Prefiller(PrefillSettings settings, EndpointRegistry registry, MeterRegistry meters) {
    this.settings = settings;
    this.registry = registry;
    this.meters = meters;
    Duration connect =
        settings.callTimeout().compareTo(LONGEST_CONNECT) < 0
            ? settings.callTimeout()
            : LONGEST_CONNECT;
    client = new PrefillClient(connect, settings.maxResponseBytes());
  }

  /** How prompts are computed. */
  public PrefillSettings settings() {
    return settings;
  }

  /**
   * Begins a request's prefill.
   *
   * @return what became of it; to cancel it is to cancel the prefill. Never fails but by a fault of
   *     ours. Completed by a thread that holds no lock
   */
  public CompletableFuture<PrefillOutcome> begin(PrefillPlan plan, PrefillRequest request) {
    return new PrefillRun(settings, registry, client, meters(plan.model()), log, plan, request)
        .begin();
  }

  /** Counts how long the decode pod took to answer once the prefill was done. */
  public void transferWaited(String model, long nanos) {
    meters(model).waited(nanos);
  }

  private PrefillMeters meters(String model) {
    PrefillMeters known = models.get(model);
    return known != null ? known : add(model);
  }

  /** Models come from discovery; those that it has dropped go when the next one comes. */
  private synchronized PrefillMeters add(String model) {
    Pools pools = registry.pools();
    models
        .entrySet()
        .removeIf(
            entry -> {
              boolean gone = !entry.getKey().equals(model) && pools.find(entry.getKey()) == null;
              if (gone) {
                entry.getValue().remove();
              }
              return gone;
            });
    return models.computeIfAbsent(model, name -> new PrefillMeters(meters, name));
  }

  @Override
  public void close() {
    client.close();
  }
}
