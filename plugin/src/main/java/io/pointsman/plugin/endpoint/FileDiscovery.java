package io.pointsman.plugin.endpoint;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.common.FileWatcher;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes models and endpoints from a YAML file and follows its changes. A file that is wrong stops
 * the start; a change that is wrong is refused whole, and the last good content stays in force.
 *
 * <pre>
 * models:
 *   - name: llama
 *     engine: vllm              # or sglang, trtllm
 *     endpoints: ["10.0.0.1:8000", {address: "[fd00::1]:8000", labels: {zone: a}}]
 *     adapters: [sql, poetry]   # LoRA adapters that every endpoint has loaded
 *     config: {...}             # as in the annotation model.aibrix.ai/config
 *   - name: deepseek
 *     rolesets:                 # instead of endpoints
 *       - {name: a, prefill: ["10.0.1.1"], decode: ["10.0.1.2"]}
 * </pre>
 *
 * <p>Every endpoint counts as ready. Thread-safe once started.
 */
public final class FileDiscovery implements Discovery {
  private static final Logger log = LoggerFactory.getLogger(FileDiscovery.class);

  private final Path file;
  private final Duration interval;
  private final TopologyReader reader;
  private final MeterRegistry meterRegistry;
  private final Counter refusals;
  private final Gauge current;
  private volatile @Nullable String refusal;
  private volatile @Nullable FileWatcher watcher;

  /**
   * @param interval time between two looks at the file
   * @param knownStrategy true for the names that routing strategies have; any other in a profile
   *     refuses the file
   */
  public FileDiscovery(
      Path file, Duration interval, Predicate<String> knownStrategy, MeterRegistry meterRegistry) {
    this.file = file;
    this.interval = interval;
    this.reader = new TopologyReader(knownStrategy);
    this.meterRegistry = meterRegistry;
    refusals =
        Counter.builder("pointsman.discovery.refused")
            .description("Changes of the discovery source that were wrong and not taken over")
            .register(meterRegistry);
    current =
        Gauge.builder("pointsman.discovery.current", () -> isCurrent() ? 1 : 0)
            .description("1 if the newest state of the discovery source is in force, else 0")
            .register(meterRegistry);
  }

  @Override
  public void start(Consumer<Topology> sink) throws ConfigException {
    String text = FileWatcher.read(file);
    take(text, sink);
    watcher = FileWatcher.start(file, text, interval, changed -> takeOrRefuse(changed, sink));
  }

  private void take(String text, Consumer<Topology> sink) throws ConfigException {
    Topology topology = reader.read(file.toString(), text);
    sink.accept(topology);
    refusal = null;
    int endpoints = topology.models().stream().mapToInt(model -> model.endpoints().size()).sum();
    log.info(
        "models file in force file={} models={} endpoints={}",
        file,
        topology.models().size(),
        endpoints);
  }

  private void takeOrRefuse(String text, Consumer<Topology> sink) {
    try {
      take(text, sink);
    } catch (ConfigException e) {
      refusal = e.getMessage();
      refusals.increment();
      log.warn("models file refused, the last good one stays: {}", e.getMessage());
    }
  }

  private boolean isReadable() {
    FileWatcher started = watcher;
    return started == null || started.isReadable();
  }

  private boolean isCurrent() {
    return refusal == null && isReadable();
  }

  @Override
  public String status() {
    if (!isReadable()) {
      return "cannot read " + file + "; the last good content is in force";
    }
    String reason = refusal;
    return reason == null ? "ok" : "refused, the last good content is in force: " + reason;
  }

  @Override
  public void close() {
    FileWatcher started = watcher;
    if (started != null) {
      started.close();
    }
    meterRegistry.remove(refusals);
    meterRegistry.remove(current);
  }
}
