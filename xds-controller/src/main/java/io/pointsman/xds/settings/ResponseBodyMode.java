package io.pointsman.xds.settings;

/** How the plugin gets the response body, spelled as Envoy Gateway's policies do. */
public enum ResponseBodyMode {
  /** Not at all, unless the plugin asks for it. */
  NONE("None"),
  /** Piece by piece. */
  STREAMED("Streamed");

  private final String text;

  ResponseBodyMode(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
