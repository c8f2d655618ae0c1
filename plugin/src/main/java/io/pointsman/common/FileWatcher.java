package io.pointsman.common;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches one small text file by reading it again and again. Reading beats kernel notifications
 * here: it sees the symlink swaps by which Kubernetes updates a mounted ConfigMap, and works on
 * every file system. New content is told once two looks in a row found the same, so that a file
 * that is being written in place is not taken half. The listener runs on the watcher's own thread,
 * one call at a time.
 */
public final class FileWatcher implements AutoCloseable {
  /** Tells content that stands still from content that is just being written. */
  static final class Settled {
    /** What one look came to. */
    enum Look {
      KNOWN,
      MOVING,
      NEW
    }

    private String known;
    private @Nullable String candidate;

    Settled(String known) {
      this.known = known;
    }

    Look look(String content) {
      if (content.equals(known)) {
        candidate = null;
        return Look.KNOWN;
      }
      if (content.equals(candidate)) {
        known = content;
        candidate = null;
        return Look.NEW;
      }
      candidate = content;
      return Look.MOVING;
    }
  }

  private static final Logger log = LoggerFactory.getLogger(FileWatcher.class);

  private static final Duration LONGEST_SETTLING = Duration.ofMillis(50);

  private final Path file;
  private final long settlingMillis;
  private final Consumer<String> listener;
  private final ScheduledExecutorService executor;
  private final Settled settled;
  private volatile boolean readable = true;

  private FileWatcher(Path file, String initial, Duration interval, Consumer<String> listener) {
    this.file = file;
    this.settlingMillis = Math.min(interval.toMillis(), LONGEST_SETTLING.toMillis());
    this.settled = new Settled(initial);
    this.listener = listener;
    this.executor =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var thread = new Thread(task, "watch-" + file.getFileName());
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Reads a file as UTF-8.
   *
   * @throws ConfigException if it is not there, cannot be read or is not UTF-8
   */
  public static String read(Path file) throws ConfigException {
    try {
      return decode(Files.readAllBytes(file));
    } catch (CharacterCodingException e) {
      throw new ConfigException(file.toString(), "the file is not UTF-8 text");
    } catch (NoSuchFileException e) {
      throw new ConfigException(file.toString(), "there is no such file");
    } catch (AccessDeniedException e) {
      throw new ConfigException(file.toString(), "the file may not be read");
    } catch (IOException e) {
      throw new ConfigException(file.toString(), "cannot read the file: " + e.getMessage());
    }
  }

  private static String decode(byte[] bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /**
   * Begins to watch.
   *
   * @param initial the content that the caller already has; only what differs from it is told
   * @param interval time between two looks
   * @param listener gets each new content; what it throws is logged and the watch goes on
   */
  public static FileWatcher start(
      Path file, String initial, Duration interval, Consumer<String> listener) {
    var watcher = new FileWatcher(file, initial, interval, listener);
    long millis = interval.toMillis();
    var unused =
        watcher.executor.scheduleWithFixedDelay(
            watcher::look, millis, millis, TimeUnit.MILLISECONDS);
    return watcher;
  }

  private void look() {
    try {
      String content = read(file);
      if (!readable) {
        log.info("file can be read again: file={}", file);
        readable = true;
      }
      take(content);
    } catch (ConfigException e) {
      if (readable) {
        log.warn("keeping the last good content until the file can be read: {}", e.getMessage());
        readable = false;
      }
    } catch (RuntimeException e) {
      log.error("a change of the file was not taken over: file={}", file, e);
    }
  }

  private void take(String content) {
    switch (settled.look(content)) {
      case NEW -> listener.accept(content);
      case MOVING -> {
        var unused = executor.schedule(this::look, settlingMillis, TimeUnit.MILLISECONDS);
      }
      case KNOWN -> {}
    }
  }

  /** False while the file is gone or is not text; what was last told is then out of date. */
  public boolean isReadable() {
    return readable;
  }

  /** Stops watching; returns when no listener call is running any more, or after one second. */
  @Override
  public void close() {
    executor.shutdownNow();
    try {
      if (!executor.awaitTermination(1, TimeUnit.SECONDS)) {
        log.warn("a listener is still running: file={}", file);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
