package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * What the filter at the other end of a stream is set to.
 *
 * @param request how the request's body comes
 * @param response how the response's body comes
 * @param overridable false if a mode override is known to be ignored. Envoy ignores it if it sends
 *     bodies without waiting for the header reply, and (seen on 1.40) if either body is full
 *     duplex. If it is true, Envoy may still ignore it: {@code allow_mode_override} is not told
 */
record StreamModes(BodyMode request, BodyMode response, boolean overridable) {
  /** What is assumed of an Envoy too old to tell. */
  static final StreamModes UNTOLD = new StreamModes(BodyMode.BUFFERED, BodyMode.NONE, true);

  /** The modes told by a stream's first message; null if it names one that is unknown here. */
  static @Nullable StreamModes of(ProcessingRequest first) {
    if (!first.hasProtocolConfig()) {
      return UNTOLD;
    }
    ProtocolConfiguration config = first.getProtocolConfig();
    BodyMode request = BodyMode.of(config.getRequestBodyMode());
    BodyMode response = BodyMode.of(config.getResponseBodyMode());
    if (request == null || response == null) {
      return null;
    }
    boolean overridable =
        !config.getSendBodyWithoutWaitingForHeaderResponse()
            && request != BodyMode.FULL_DUPLEX_STREAMED
            && response != BodyMode.FULL_DUPLEX_STREAMED;
    return new StreamModes(request, response, overridable);
  }
}
