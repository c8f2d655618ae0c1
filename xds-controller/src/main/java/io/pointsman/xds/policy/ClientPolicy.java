package io.pointsman.xds.policy;

import io.pointsman.xds.settings.ClientTrafficPolicy;
import io.pointsman.xds.settings.Gateway;
import io.pointsman.xds.settings.Settings;
import io.pointsman.xds.snapshot.ControlHeaders;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The ClientTrafficPolicy: limits for clients, and the headers that they may not set. */
final class ClientPolicy {
  private ClientPolicy() {}

  static Map<String, Object> spec(Settings settings) {
    Gateway gateway = settings.gateway();
    ClientTrafficPolicy client = settings.clientTrafficPolicy();
    ClientTrafficPolicy.Http timeout = client.timeout().http();
    return Tree.of(
        "targetRefs",
        gateway.shared() ? Targets.listeners(gateway) : List.of(Targets.gateway(gateway)),
        "connection",
        Tree.of(
            "bufferLimit", settings.listenerBufferBytes(),
            "connectionLimit", Tree.of("value", client.connection().connectionLimit().value())),
        "http2",
        Tree.of(
            "maxConcurrentStreams", client.http2().maxConcurrentStreams(),
            "initialStreamWindowSize", settings.streamWindowBytes(),
            "initialConnectionWindowSize", client.http2().initialConnectionWindowSize()),
        "timeout",
        Tree.of(
            "http",
            Tree.of(
                "requestReceivedTimeout", Tree.duration(timeout.requestReceivedTimeout()),
                "idleTimeout", Tree.duration(timeout.idleTimeout()),
                "streamIdleTimeout", Tree.duration(timeout.streamIdleTimeout()))),
        "headers",
        Tree.of(
            "earlyRequestHeaders",
            Tree.of("remove", controlHeaders()),
            // target_pod must not be taken for target-pod by anything behind Envoy.
            "withUnderscoresAction",
            "RejectRequest",
            "requestID",
            settings.envoyPatchPolicy().preserveExternalRequestID()
                ? "PreserveOrGenerate"
                : "Generate"));
  }

  private static List<String> controlHeaders() {
    return Stream.concat(ControlHeaders.PLUGIN.stream(), ControlHeaders.ROUTER.stream()).toList();
  }
}
