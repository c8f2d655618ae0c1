package io.pointsman.xds.server;

import io.pointsman.common.ConfigException;
import io.pointsman.common.FileWatcher;
import io.pointsman.xds.settings.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The settings file, read once and then followed. Thread-safe. */
public final class SettingsFile implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SettingsFile.class);

  /** A change must be active in Envoy within a second, so it is to be noticed well before. */
  private static final Duration INTERVAL = Duration.ofMillis(100);

  /** A file that is being written may be cut off where it is still valid; it has to keep still. */
  private static final Duration SETTLING = Duration.ofMillis(50);

  private final Path file;
  private final String initial;
  private final Settings settings;
  private volatile @Nullable FileWatcher watcher;
  private volatile @Nullable String problem;

  private SettingsFile(Path file, String initial, Settings settings) {
    this.file = file;
    this.initial = initial;
    this.settings = settings;
  }

  /**
   * Reads the file.
   *
   * @throws ConfigException if it cannot be read or used; says where and why
   */
  public static SettingsFile read(Path file) throws ConfigException {
    String text = FileWatcher.read(file);
    return new SettingsFile(file, text, Settings.parse(file.toString(), text));
  }

  /** The settings as they were read first. */
  public Settings settings() {
    return settings;
  }

  /** Why the file as it is now is not in force, or null if it is. */
  public @Nullable String problem() {
    return problem;
  }

  /** Begins to publish each change. A bad one is refused, and what was in force stays. */
  public void follow(SettingsFollower follower) {
    watcher = FileWatcher.start(file, initial, INTERVAL, text -> changed(follower, text));
  }

  private void changed(SettingsFollower follower, String text) {
    long readNanos = System.nanoTime();
    try {
      TimeUnit.MILLISECONDS.sleep(SETTLING.toMillis());
      if (!text.equals(FileWatcher.read(file))) {
        return; // It changes still; the watcher will tell.
      }
      follower.publish(Settings.parse(file.toString(), text), readNanos);
      problem = null;
      log.info("settings taken over: file={} version={}", file, follower.version());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ConfigException e) {
      follower.refused();
      problem = e.getMessage();
      log.warn(
          "settings refused, the last good ones stay in force: version={} reason={}",
          follower.version(),
          e.getMessage());
    }
  }

  @Override
  public void close() {
    FileWatcher running = watcher;
    if (running != null) {
      running.close();
    }
  }
}
