package io.pointsman.plugin.extproc;

import org.jspecify.annotations.Nullable;

/**
 * How the ext_proc service treats requests. Immutable.
 *
 * @param maxBodyBytes largest request body that is held while it streams in under {@code
 *     FULL_DUPLEX_STREAMED}, in bytes; a longer one is answered with 413. In the buffered modes
 *     Envoy's own buffer limit applies
 * @param trustedModelHeader name of a request header, in lower case, that names the model and that
 *     clients cannot set (Envoy or a gateway does); null if there is none
 * @param routeOnHeaders decide in the header phase wherever the model is known there and the
 *     strategy does not read the prompt, so that the body never comes here
 * @param responseHeaders tell clients in response headers who served them
 * @param passiveHealth report each request's outcome to the endpoint registry
 * @param usageMetrics read token usage from response bodies; each piece of a streamed answer then
 *     passes through the plugin
 * @param accessLogMetadata set the dynamic metadata {@code pointsman} by which {@link
 *     AccessLogReceiver} tells the model of an entry
 */
public record ExtProcSettings(
    int maxBodyBytes,
    @Nullable String trustedModelHeader,
    boolean routeOnHeaders,
    boolean responseHeaders,
    boolean passiveHealth,
    boolean usageMetrics,
    boolean accessLogMetadata) {

  /** What applies where the operator sets nothing. */
  public static final ExtProcSettings DEFAULTS =
      new ExtProcSettings(4 << 20, null, false, true, true, false, false);

  public ExtProcSettings {
    if (maxBodyBytes < 1) {
      throw new IllegalArgumentException("maxBodyBytes must be positive, is " + maxBodyBytes);
    }
  }
}
