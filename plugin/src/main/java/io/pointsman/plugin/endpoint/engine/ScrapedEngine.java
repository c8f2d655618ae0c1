package io.pointsman.plugin.endpoint.engine;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EngineSignals;

/** One engine that is looked at, and what was read there last. Not thread-safe. */
final class ScrapedEngine extends PolledEngine {
  private static final double NANOS = 1e9;

  private final long freshNanos;

  /** Requests in flight there by our count when the look began. */
  private int inFlight;

  private long readAt;
  private String readFrom = "";
  private double tokens = Double.NaN;
  private double requestSeconds = Double.NaN;
  private double requests = Double.NaN;
  private double meanSeconds = Double.NaN;

  /**
   * @param freshNanos how long what is read is good
   */
  ScrapedEngine(Endpoint endpoint, EngineKind kind, long due, long freshNanos) {
    super(endpoint, kind, due);
    this.freshNanos = freshNanos;
  }

  @Override
  String page() {
    return endpoint.metricsAddress() + kind.path();
  }

  @Override
  void looking() {
    inFlight = endpoint.inFlight() + endpoint.peerInFlight();
  }

  @Override
  boolean read(byte[] page, long now) {
    endpoint.engineSignals(signals(MetricsPage.read(page), now));
    return true;
  }

  /** What a page says, and what has happened since the page before. */
  EngineSignals signals(MetricsPage page, long now) {
    if (!readFrom.equals(endpoint.container())) {
      // Another process, whose counters began anew.
      tokens = Double.NaN;
      requestSeconds = Double.NaN;
      requests = Double.NaN;
      meanSeconds = Double.NaN;
    }
    double newTokens = page.sum(kind.tokens(), "");
    double newSeconds = page.sum(kind.requestSeconds(), "_sum");
    double newRequests = page.sum(kind.requestSeconds(), "_count");
    double generated = since(tokens, newTokens);
    double elapsed = (now - readAt) / NANOS;
    double rate =
        Double.isNaN(newTokens) ? page.sum(kind.tokensPerSecond(), "") : generated / elapsed;
    double ended = since(requests, newRequests);
    double took = since(requestSeconds, newSeconds);
    if (ended > 0) {
      // Kept while no request ends: they take longer than it is from page to page.
      meanSeconds = took / ended;
    }
    double utilization = page.mean(kind.utilization());
    tokens = newTokens;
    requestSeconds = newSeconds;
    requests = newRequests;
    readAt = now;
    readFrom = endpoint.container();
    return new EngineSignals(
        now + freshNanos,
        inFlight,
        fraction(page.mean(kind.kvCacheUsage())),
        utilization == 0 ? Double.NaN : fraction(utilization),
        rate,
        meanSeconds);
  }

  /** NaN if one of them is unknown, or the counter began anew. */
  private static double since(double before, double after) {
    return after >= before ? after - before : Double.NaN;
  }

  private static double fraction(double value) {
    return Double.isNaN(value) ? value : Math.max(0, Math.min(1, value));
  }
}
