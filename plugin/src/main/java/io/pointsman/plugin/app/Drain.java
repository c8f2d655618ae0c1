package io.pointsman.plugin.app;

import io.grpc.Server;
import io.pointsman.plugin.extproc.ExternalProcessorService;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a replica out of service without cutting an answer. Not ready at once, so that Envoy sends
 * no more; then, after the grace time, streams whose request is decided end with OK and Envoy
 * carries on alone; the others run to their end, or to the deadline.
 *
 * @param grace from the beginning of the drain until streams are ended
 * @param deadline from the beginning of the drain until what still runs is cut
 */
record Drain(
    Readiness readiness,
    ExternalProcessorService extProc,
    Server server,
    Duration grace,
    Duration deadline) {
  private static final Logger log = LoggerFactory.getLogger(Drain.class);

  private static final long LOOK_INTERVAL_MS = 20;

  /** For the goodbyes of HTTP/2 once no stream is left. */
  private static final Duration CONNECTIONS_GRACE = Duration.ofSeconds(1);

  /**
   * Drains; returns when it is done.
   *
   * @throws InterruptedException if waiting is interrupted; what still runs is left as it is
   */
  void run() throws InterruptedException {
    long begin = System.nanoTime();
    readiness.drain();
    log.info(
        "draining: openStreams={} graceMs={} deadlineMs={}",
        extProc.openStreams(),
        grace.toMillis(),
        deadline.toMillis());
    // Nothing ends the server while it serves on: this waits for the grace time.
    server.awaitTermination(grace.toNanos(), TimeUnit.NANOSECONDS);

    int before = extProc.openStreams();
    extProc.endDecidedStreams();
    server.shutdown();
    log.info("decided streams are ended: openStreams={} before={}", extProc.openStreams(), before);

    awaitStreams(begin + deadline.toNanos());
    int cut = extProc.openStreams();
    if (cut > 0) {
      log.warn("the deadline is over, streams are cut: openStreams={}", cut);
    }
    server.shutdownNow();
    server.awaitTermination(CONNECTIONS_GRACE.toNanos(), TimeUnit.NANOSECONDS);
    log.info("drained: cutStreams={} durationMs={}", cut, (System.nanoTime() - begin) / 1_000_000);
  }

  /** Waits until every connection is closed, or soon after the last stream, or the deadline. */
  private void awaitStreams(long deadlineNanos) throws InterruptedException {
    long lastBusy = System.nanoTime();
    while (!server.awaitTermination(LOOK_INTERVAL_MS, TimeUnit.MILLISECONDS)) {
      long now = System.nanoTime();
      if (extProc.openStreams() > 0) {
        lastBusy = now;
      }
      if (now - deadlineNanos >= 0 || now - lastBusy >= CONNECTIONS_GRACE.toNanos()) {
        return;
      }
    }
  }
}
