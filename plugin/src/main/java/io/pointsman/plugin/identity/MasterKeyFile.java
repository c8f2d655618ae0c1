package io.pointsman.plugin.identity;

import io.pointsman.common.FileWatcher;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the master key to what a file holds, such as a mounted Secret. Content that cannot be a key
 * is refused, and the last good one stays in force. Thread-safe.
 */
public final class MasterKeyFile implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MasterKeyFile.class);

  private final Path file;
  private final MasterKey key;
  private final FileWatcher watcher;

  private MasterKeyFile(Path file, MasterKey key, Duration interval) {
    this.file = file;
    this.key = key;
    // The file may have changed since it was read, so its content is told at the first look.
    watcher = FileWatcher.start(file, "", interval, this::take);
  }

  /**
   * Begins to watch.
   *
   * @param interval time between two looks
   */
  public static MasterKeyFile watch(Path file, MasterKey key, Duration interval) {
    return new MasterKeyFile(file, key, interval);
  }

  void take(String text) {
    try {
      key.exchange(KeyHash.ofSecret(text));
      log.info("master key in force: file={}", file);
    } catch (IllegalArgumentException e) {
      log.warn("master key refused, the last good one stays: file={} {}", file, e.getMessage());
    }
  }

  @Override
  public void close() {
    watcher.close();
  }
}
