package io.pointsman.plugin.identity;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who did what and who was refused, as one JSON line each. Whoever records an event only puts it
 * into a queue; a thread of its own writes, each 50 ms. What does not fit into the queue, or cannot
 * be written, is dropped and counted. A file is opened for each batch, so that one that was moved
 * away is begun anew. Thread-safe.
 */
public final class AuditLog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AuditLog.class);

  static final int MAX_WAITING = 8192;
  private static final long FLUSH_MS = 50;

  /** Where lines go. */
  interface Sink {
    void write(byte[] lines) throws IOException;
  }

  private final @Nullable Sink sink;
  private final @Nullable ScheduledExecutorService thread;
  private final Queue<AuditEvent> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final Counter written;
  private final Counter dropped;
  private boolean failing;

  private AuditLog(@Nullable Sink sink, MeterRegistry meters) {
    this.sink = sink;
    written = counter(meters, "written");
    dropped = counter(meters, "dropped");
    thread = sink == null ? null : Executors.newSingleThreadScheduledExecutor(AuditLog::thread);
  }

  private static Thread thread(Runnable task) {
    var thread = new Thread(task, "audit-log");
    thread.setDaemon(true);
    return thread;
  }

  private static Counter counter(MeterRegistry meters, String result) {
    return Counter.builder("pointsman.audit.events")
        .description("Events of the audit log, by what became of them")
        .tag("result", result)
        .register(meters);
  }

  /** Records nothing. */
  public static AuditLog off(MeterRegistry meters) {
    return new AuditLog(null, meters);
  }

  /** Writes to a stream, which is not closed. */
  public static AuditLog to(OutputStream stream, MeterRegistry meters) {
    return start(
        lines -> {
          stream.write(lines);
          stream.flush();
        },
        meters);
  }

  /**
   * Appends to a file.
   *
   * @throws IOException if it cannot be opened now
   */
  public static AuditLog to(Path file, MeterRegistry meters) throws IOException {
    append(file, new byte[0]);
    return start(lines -> append(file, lines), meters);
  }

  private static void append(Path file, byte[] lines) throws IOException {
    Files.write(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  static AuditLog start(Sink sink, MeterRegistry meters) {
    var started = new AuditLog(sink, meters);
    if (started.thread != null) {
      var unused =
          started.thread.scheduleWithFixedDelay(
              started::flush, FLUSH_MS, FLUSH_MS, TimeUnit.MILLISECONDS);
    }
    return started;
  }

  /** Whether anything is recorded: whoever makes events often may ask before. */
  public boolean isOn() {
    return sink != null;
  }

  /** Records an event; never waits. */
  public void record(AuditEvent event) {
    if (sink == null) {
      return;
    }
    if (size.incrementAndGet() > MAX_WAITING) {
      size.decrementAndGet();
      dropped.increment();
    } else {
      waiting.add(event);
    }
  }

  private synchronized void flush() {
    var lines = new StringBuilder();
    int count = 0;
    for (AuditEvent event = waiting.poll(); event != null; event = waiting.poll()) {
      lines.append(event.toJson()).append('\n');
      count++;
      if (count == MAX_WAITING) {
        break;
      }
    }
    if (count > 0) {
      size.addAndGet(-count);
      write(lines.toString().getBytes(UTF_8), count);
    }
  }

  private void write(byte[] lines, int count) {
    if (sink == null) {
      return;
    }
    try {
      sink.write(lines);
      written.increment(count);
      if (failing) {
        failing = false;
        log.info("the audit log is written again");
      }
    } catch (IOException | RuntimeException e) {
      dropped.increment(count);
      if (!failing) {
        failing = true;
        log.error("the audit log cannot be written, its events are lost: {}", e.toString());
      }
    }
  }

  /** Writes what is waiting, and stops. */
  @Override
  public void close() {
    if (thread == null) {
      return;
    }
    thread.shutdown();
    try {
      thread.awaitTermination(2, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    flush();
  }
}
