package io.pointsman.plugin.routing;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Counts how often strategies had to do without their signal. Thread-safe. */
final class UnknownSignals {
  private final Map<String, LongAdder> byStrategy;

  UnknownSignals(Collection<String> strategies) {
    byStrategy =
        strategies.stream()
            .collect(Collectors.toUnmodifiableMap(Function.identity(), name -> new LongAdder()));
  }

  void add(String strategy, int count) {
    LongAdder counter = byStrategy.get(strategy);
    if (counter != null) {
      counter.add(count);
    }
  }

  /** Shows the counts; those of strategies without signals stay 0. */
  void bindTo(MeterRegistry registry) {
    byStrategy.forEach(
        (strategy, counter) ->
            FunctionCounter.builder("pointsman.routing.unknown.signals", counter, LongAdder::sum)
                .description("Endpoints that a strategy weighed without knowing its signal")
                .tag("strategy", strategy)
                .register(registry));
  }
}
