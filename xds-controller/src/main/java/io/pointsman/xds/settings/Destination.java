package io.pointsman.xds.settings;

/** How Envoy Gateway's Envoy gets to the pod that the plugin picked. */
public enum Destination {
  /**
   * By a cluster that connects to whatever address the plugin names, which an EnvoyPatchPolicy
   * adds.
   */
  ORIGINAL_DST("originalDst"),
  /**
   * By an HTTPRoute's own backends, of which a BackendTrafficPolicy lets the plugin choose one. No
   * patch, and no address beside those of the backends can be reached.
   */
  ENDPOINT_OVERRIDE("endpointOverride");

  private final String text;

  Destination(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
