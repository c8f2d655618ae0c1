package io.pointsman.plugin.extproc;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The meters of one model. Thread-safe. */
final class RequestMeters {
  private static final int FIRST_BAD_CODE = 600;

  private final MeterRegistry registry;
  private final String model;
  private final ConcurrentHashMap<String, AtomicReferenceArray<@Nullable Counter>> requests =
      new ConcurrentHashMap<>();
  private final Map<Ending, Counter> endings = new EnumMap<>(Ending.class);
  private final Queue<Meter> meters = new ConcurrentLinkedQueue<>();
  private final Counter promptTokens;
  private final Counter completionTokens;
  private volatile @Nullable AccessLogMeters accessLog;

  RequestMeters(MeterRegistry registry, String model) {
    this.registry = registry;
    this.model = model;
    for (Ending ending : Ending.values()) {
      endings.put(
          ending,
          counter(
              Counter.builder("pointsman.requests.ended")
                  .description("Routed requests that are over, by what is known of their end")
                  .tag("outcome", ending.label())));
    }
    promptTokens = tokens("prompt");
    completionTokens = tokens("completion");
  }

  /**
   * Counts one request.
   *
   * @param strategy the strategy that chose, or {@link RequestMetrics#NO_STRATEGY}
   * @param code the HTTP status that the client got; 0 if it is not known
   */
  void request(String strategy, int code) {
    AtomicReferenceArray<@Nullable Counter> byCode = requests.get(strategy);
    if (byCode == null) {
      byCode = addStrategy(strategy);
    }
    int index = code >= 100 && code < FIRST_BAD_CODE ? code : 0;
    Counter counter = byCode.get(index);
    if (counter == null) {
      counter = addCode(byCode, strategy, index);
    }
    counter.increment();
  }

  void ended(Ending ending) {
    requireNonNull(endings.get(ending)).increment();
  }

  void tokens(long prompt, long completion) {
    promptTokens.increment((double) prompt);
    completionTokens.increment((double) completion);
  }

  /** What the access log tells; registered when it is first asked for. */
  AccessLogMeters accessLog() {
    AccessLogMeters known = accessLog;
    return known != null ? known : addAccessLog();
  }

  /** Takes these meters out of the registry. */
  void remove() {
    for (Meter meter = meters.poll(); meter != null; meter = meters.poll()) {
      registry.remove(meter);
    }
  }

  private synchronized AccessLogMeters addAccessLog() {
    AccessLogMeters added = accessLog;
    if (added == null) {
      added = new AccessLogMeters(registry, model, meters::add);
      accessLog = added;
    }
    return added;
  }

  private Counter tokens(String kind) {
    return counter(
        Counter.builder("pointsman.tokens")
            .description("Tokens of requests, as the model server reported them")
            .tag("kind", kind));
  }

  private synchronized AtomicReferenceArray<@Nullable Counter> addStrategy(String strategy) {
    String label =
        requests.size() < RequestMetrics.MAX_STRATEGIES ? strategy : RequestMetrics.OTHER_STRATEGY;
    return requests.computeIfAbsent(label, name -> new AtomicReferenceArray<>(FIRST_BAD_CODE));
  }

  private synchronized Counter addCode(
      AtomicReferenceArray<@Nullable Counter> byCode, String strategy, int index) {
    Counter known = byCode.get(index);
    if (known != null) {
      return known;
    }
    Counter added =
        counter(
            Counter.builder("pointsman.requests")
                .description("Requests, by the status the client got; none where it is not known")
                .tag(
                    "strategy",
                    requests.containsKey(strategy) ? strategy : RequestMetrics.OTHER_STRATEGY)
                .tag("code", index == 0 ? "none" : Integer.toString(index)));
    byCode.set(index, added);
    return added;
  }

  private Counter counter(Counter.Builder builder) {
    Counter counter = builder.tag("model", model).register(registry);
    meters.add(counter);
    return counter;
  }
}
