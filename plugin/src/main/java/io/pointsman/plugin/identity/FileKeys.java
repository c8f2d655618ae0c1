package io.pointsman.plugin.identity;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.common.FileWatcher;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of a file, such as a mounted Secret, which is watched. A file that is wrong stops the
 * start; a change that is wrong is refused whole, and the last good content stays in force.
 */
final class FileKeys implements KeySource {
  private static final Logger log = LoggerFactory.getLogger(FileKeys.class);

  private final Path file;
  private final Counter refusals;
  private final FileWatcher watcher;
  private volatile Map<KeyHash, ApiKey> keys;
  private volatile boolean refused;

  private FileKeys(Path file, String text, Duration interval, MeterRegistry meters)
      throws ConfigException {
    this.file = file;
    keys = KeyFileReader.read(file.toString(), text);
    log.info("API keys file in force: file={} keys={}", file, keys.size());
    refusals =
        Counter.builder("pointsman.api.keys.file.refused")
            .description("Changes of the API keys file that were wrong and not taken over")
            .register(meters);
    watcher = FileWatcher.start(file, text, interval, this::takeOrRefuse);
    Gauge.builder("pointsman.api.keys.file.current", this, f -> f.isCurrent() ? 1 : 0)
        .description("1 if the newest content of the API keys file is in force, else 0")
        .strongReference(true)
        .register(meters);
  }

  /**
   * Reads a file and begins to watch it.
   *
   * @throws ConfigException if it cannot be used
   */
  static FileKeys open(Path file, Duration interval, MeterRegistry meters) throws ConfigException {
    return new FileKeys(file, FileWatcher.read(file), interval, meters);
  }

  private void takeOrRefuse(String text) {
    try {
      keys = KeyFileReader.read(file.toString(), text);
      refused = false;
      log.info("API keys file in force: file={} keys={}", file, keys.size());
    } catch (ConfigException e) {
      refused = true;
      refusals.increment();
      log.warn("API keys file refused, the last good one stays: {}", e.getMessage());
    }
  }

  private boolean isCurrent() {
    return !refused && watcher.isReadable();
  }

  @Override
  public @Nullable ApiKey find(KeyHash hash) {
    return keys.get(hash);
  }

  @Override
  public boolean isComplete() {
    return true;
  }

  @Override
  public void close() {
    watcher.close();
  }
}
