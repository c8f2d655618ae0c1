package io.pointsman.xds.snapshot;

import java.util.List;

/**
 * Request headers that clients may not set. Envoy removes them before it looks at a route, so that
 * nobody chooses an address or a time-out, not even when the plugin is dead and the filter fails
 * open.
 */
public final class ControlHeaders {
  /** Headers that only the plugin may set. */
  public static final List<String> PLUGIN =
      List.of(
          Names.TARGET_POD,
          "target-pod-ip",
          "prefill-target-pod",
          "prefill-target-pod-ip",
          "x-prefiller-host-port",
          "x-encoder-hosts-ports",
          "x-data-parallel-host-port",
          "x-kv-cache-source-host-port",
          "x-gateway-destination-endpoint",
          "x-gateway-destination-endpoint-subset",
          "x-gateway-destination-endpoint-served",
          "x-aibrix-config-profile",
          "x-went-into-req-headers");

  /**
   * Headers by which Envoy's router would let a request change its time-outs, retries and
   * statistics. Envoy takes them from clients with private addresses.
   */
  public static final List<String> ROUTER =
      List.of(
          "x-envoy-original-dst-host",
          "x-envoy-upstream-rq-timeout-ms",
          "x-envoy-upstream-rq-per-try-timeout-ms",
          "x-envoy-expected-rq-timeout-ms",
          "x-envoy-upstream-rq-timeout-alt-response",
          "x-envoy-upstream-stream-duration-ms",
          "x-envoy-upstream-alt-stat-name",
          "x-envoy-max-retries",
          "x-envoy-retry-on",
          "x-envoy-retry-grpc-on",
          "x-envoy-retriable-status-codes",
          "x-envoy-retriable-header-names",
          "x-envoy-hedge-on-per-try-timeout",
          "x-envoy-force-trace",
          "x-envoy-decorator-operation");

  private ControlHeaders() {}
}
