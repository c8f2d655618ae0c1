package io.pointsman.xds.settings;

import java.time.Duration;
import java.util.List;

/**
 * How Envoy talks to the plugin.
 *
 * @param addresses gRPC addresses of the plugin
 * @param httpAddresses HTTP addresses of the plugin, for {@code GET /v1/models}
 * @param messageTimeout for the plugin's answer to one ext_proc message
 * @param maxMessageTimeout the most that the plugin may ask for one message; zero is off
 * @param failOpen whether requests go on without the plugin; they still end at a 503 unless it had
 *     picked a pod
 * @param statusOnError HTTP status when the plugin fails and {@code failOpen} is false
 */
public record GatewayPlugin(
    List<Address> addresses,
    List<Address> httpAddresses,
    Duration messageTimeout,
    Duration maxMessageTimeout,
    boolean failOpen,
    int statusOnError,
    ProcessingMode processingMode,
    ExtProc extProc) {

  public GatewayPlugin {
    addresses = List.copyOf(addresses);
    httpAddresses = List.copyOf(httpAddresses);
  }

  /** What the plugin gets to see. */
  public record ProcessingMode(Request request, Response response) {}

  /** What it sees of a request, beside its headers. */
  public record Request(RequestBodyMode body) {}

  /**
   * What it sees of an answer unless it asks for something else by {@code mode_override}.
   *
   * @param headers whether the response headers are sent
   */
  public record Response(boolean headers, ResponseBodyMode body) {}

  /** The plugin as a backend. */
  public record ExtProc(BackendSettings backendSettings) {}
}
