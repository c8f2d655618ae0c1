package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import org.jspecify.annotations.Nullable;

/** How Envoy hands over the body of a request or a response. */
enum BodyMode {
  /** Not at all. */
  NONE(BodySendMode.NONE),
  /** In pieces; each is held until it is answered, and the headers are gone by then. */
  STREAMED(BodySendMode.STREAMED),
  /** Whole, in one message; headers are held until it is answered. */
  BUFFERED(BodySendMode.BUFFERED),
  /** As {@link #BUFFERED}, but cut at Envoy's buffer limit. */
  BUFFERED_PARTIAL(BodySendMode.BUFFERED_PARTIAL),
  /** In pieces, and what goes on is only what we send back. */
  FULL_DUPLEX_STREAMED(BodySendMode.FULL_DUPLEX_STREAMED);

  private final BodySendMode wire;

  BodyMode(BodySendMode wire) {
    this.wire = wire;
  }

  /** The mode that Envoy names, or null if it is none of these. */
  static @Nullable BodyMode of(BodySendMode wire) {
    return switch (wire) {
      case NONE -> NONE;
      case STREAMED -> STREAMED;
      case BUFFERED -> BUFFERED;
      case BUFFERED_PARTIAL -> BUFFERED_PARTIAL;
      case FULL_DUPLEX_STREAMED -> FULL_DUPLEX_STREAMED;
      case UNRECOGNIZED -> null;
    };
  }

  BodySendMode wire() {
    return wire;
  }

  /** True if a request's headers still wait for our answer when its body comes. */
  boolean holdsHeaders() {
    return this == BUFFERED || this == BUFFERED_PARTIAL || this == FULL_DUPLEX_STREAMED;
  }
}
