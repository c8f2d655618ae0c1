package io.pointsman.xds.settings;

/** How the plugin gets the request body, spelled as Envoy Gateway's policies do. */
public enum RequestBodyMode {
  /** Not at all. */
  NONE("None"),
  /** As one message when it is complete; larger than the buffer limit is refused with 413. */
  BUFFERED("Buffered"),
  /** As one message when it is complete or the buffer limit is reached. */
  BUFFERED_PARTIAL("BufferedPartial"),
  /** Piece by piece, each answered before the next. */
  STREAMED("Streamed"),
  /** Piece by piece, sent back by the plugin. */
  FULL_DUPLEX_STREAMED("FullDuplexStreamed");

  private final String text;

  RequestBodyMode(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
