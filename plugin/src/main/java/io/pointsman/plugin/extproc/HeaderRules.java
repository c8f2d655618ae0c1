package io.pointsman.plugin.extproc;

import java.util.List;

/** The header names of the wire contract, and which of them a client may not send. */
final class HeaderRules {
  /** {@code ip:port} that Envoy's original-destination cluster dials; a response's pod name. */
  static final String TARGET_POD = "target-pod";

  /** {@code ip:port} of the pod that served, for clients. */
  static final String TARGET_POD_IP = "target-pod-ip";

  static final String ROUTING_STRATEGY = "routing-strategy";
  static final String CONFIG_PROFILE = "config-profile";

  static final String USER = "user";

  /** Which session a request belongs to, as its client was told before; also tells it. */
  static final String SESSION_ID = "x-session-id";

  /** Which session a request belongs to, by a key of the client's own. */
  static final String SESSION_KEY = "x-aibrix-session-key";

  /** Label selector over the endpoints. */
  static final String EXTERNAL_FILTER = "external-filter";

  /** The config profile that applied, for clients. */
  static final String APPLIED_PROFILE = "x-aibrix-config-profile";

  /** Tells that a response went through the plugin. */
  static final String MARKER = "x-went-into-req-headers";

  /** Pod that computed the prompt, for clients. */
  static final String PREFILL_POD = "prefill-target-pod";

  /** Its IP, for clients. */
  static final String PREFILL_POD_IP = "prefill-target-pod-ip";

  /** {@code ip:port} of the prefill pod, for the proxy beside the decode pod. */
  static final String PREFILLER = "x-prefiller-host-port";

  /** What became of the prefill, for clients. */
  static final String PREFILL_OUTCOME = "x-prefill-outcome";

  /** The id of a request on its way to the pod. */
  static final String X_REQUEST_ID = "x-request-id";

  /** The same id, for clients. */
  static final String REQUEST_ID = "request-id";

  /** The client's key, for us alone where keys are asked for. */
  static final String AUTHORIZATION = "authorization";

  static final String TRACEPARENT = "traceparent";
  static final String CONTENT_TYPE = "content-type";
  static final String CONTENT_LENGTH = "content-length";
  static final String CONTENT_ENCODING = "content-encoding";
  static final String PATH = ":path";
  static final String STATUS = ":status";

  /** Envoy adds it to what an upstream answered, and not to answers of its own. */
  static final String UPSTREAM_TIME = "x-envoy-upstream-service-time";

  /**
   * Headers that only we may set. They are removed from every request, whether we saw them or not:
   * Envoy can be set to hide headers from us, and to name a header that is not there does no harm.
   */
  static final List<String> REMOVED =
      List.of(
          // Envoy dials it.
          TARGET_POD,
          // Sidecars and engines of prefill-decode pods dial these.
          TARGET_POD_IP,
          PREFILL_POD,
          PREFILL_POD_IP,
          PREFILLER,
          "x-encoder-hosts-ports",
          "x-data-parallel-host-port",
          "x-kv-cache-source-host-port",
          // Gateways that speak the endpoint picker protocol dial these.
          "x-gateway-destination-endpoint",
          "x-gateway-destination-endpoint-subset",
          "x-gateway-destination-endpoint-served",
          // Not addresses, but said in our name.
          APPLIED_PROFILE,
          MARKER);

  private HeaderRules() {}
}
