package io.pointsman.xds.app;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pointsman.common.BindAddress;
import io.pointsman.common.HttpEndpointServer;
import io.pointsman.common.HttpReply;
import io.pointsman.common.ListenFailure;
import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;

/** Metrics, health and readiness over HTTP. */
final class OperatorPages {
  private OperatorPages() {}

  /**
   * Begins to serve.
   *
   * @param readiness what {@code /readyz} says
   * @throws IOException if the address cannot be bound; says which, by whose flag, and why
   */
  static HttpEndpointServer serve(
      BindAddress address, PrometheusMeterRegistry registry, Supplier<String> readiness)
      throws IOException {
    try {
      return HttpEndpointServer.start(
          "http",
          address,
          Map.of(
              "/metrics",
              call -> HttpReply.of(200, "text/plain; version=0.0.4", registry.scrape()),
              "/healthz",
              call -> HttpReply.text(200, "ok\n"),
              "/readyz",
              call -> HttpReply.text(200, readiness.get())));
    } catch (IOException e) {
      throw new IOException(ListenFailure.describe(address, "--http-bind-address", e), e);
    }
  }
}
