package io.pointsman.plugin.extproc;

/** Ways in which a stream can break the ext_proc protocol or be wired in a way we cannot serve. */
enum ProtocolFault {
  /** A message of no known kind, or none at all. */
  UNKNOWN_MESSAGE("unknown_message"),
  /** A known message where it makes no sense. */
  OUT_OF_ORDER("out_of_order"),
  /** A body mode that is not known here. */
  UNKNOWN_MODE("unknown_mode"),
  /** The filter runs in observability mode, which ignores replies. */
  OBSERVABILITY_MODE("observability_mode"),
  /** The model is not known without the body, and Envoy does not send the body. */
  BODY_NOT_SENT("body_not_sent"),
  /** A message that is longer than the server takes; gRPC ends the stream. */
  MESSAGE_TOO_LARGE("message_too_large"),
  /** An exception in our own code. */
  INTERNAL("internal");

  private final String label;

  ProtocolFault(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }
}
