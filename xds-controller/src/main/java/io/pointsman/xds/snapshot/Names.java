package io.pointsman.xds.snapshot;

/** Names in Envoy's configuration. */
public final class Names {
  /** The only listener, and its filter chain. */
  public static final String LISTENER = "pointsman";

  /** The only route configuration. */
  public static final String ROUTES = "pointsman";

  /** The cluster of the pods, addressed by the header {@link #TARGET_POD}. */
  public static final String PODS = "pointsman_pods";

  /**
   * The cluster of the plugin's gRPC port: its name in statistics, and what the names of its
   * versions begin with.
   */
  public static final String PLUGIN = "pointsman_plugin";

  /** The cluster of the plugin's HTTP port. */
  public static final String PLUGIN_HTTP = "pointsman_plugin_http";

  /** The request header by which the plugin names the pod, as {@code ip:port}. */
  public static final String TARGET_POD = "target-pod";

  /** The dynamic metadata namespace that the plugin may write. */
  public static final String METADATA_NAMESPACE = "pointsman";

  static final String EXT_PROC_FILTER = "envoy.filters.http.ext_proc";

  private Names() {}
}
