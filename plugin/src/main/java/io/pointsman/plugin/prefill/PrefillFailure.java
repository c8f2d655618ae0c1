package io.pointsman.plugin.prefill;

/** Why a prefill came to nothing. */
public enum PrefillFailure {
  /** The pod refused the connection, or broke it off. */
  CONNECTION("connection"),
  /** No answer in time. */
  TIMEOUT("timeout"),
  /** An answer of 5xx, or one that asks to come again later. */
  STATUS("status"),
  /** The pod holds the request itself for wrong. */
  REFUSED("refused"),
  /** The answer was longer than is read. */
  TOO_LARGE("too_large"),
  /** The answer is not what the engine's protocol says. */
  INVALID("invalid"),
  /** As many prefills as may be are under way on the pod. */
  BUSY("busy"),
  /** No prefill pod of the roleset takes requests. */
  NO_POD("no_pod"),
  /** The pod's connector is none that can be served. */
  CONNECTOR("connector");

  private final String label;

  PrefillFailure(String label) {
    this.label = label;
  }

  /** For metrics, logs and clients. */
  public String label() {
    return label;
  }
}
