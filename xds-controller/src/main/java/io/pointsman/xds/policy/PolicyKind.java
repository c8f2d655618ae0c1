package io.pointsman.xds.policy;

/** The kinds of Envoy Gateway's policies that are kept, all of {@link #GROUP}. */
public enum PolicyKind {
  CLIENT_TRAFFIC("ClientTrafficPolicy", "clienttrafficpolicies"),
  BACKEND_TRAFFIC("BackendTrafficPolicy", "backendtrafficpolicies"),
  EXTENSION("EnvoyExtensionPolicy", "envoyextensionpolicies"),
  PATCH("EnvoyPatchPolicy", "envoypatchpolicies");

  /** The API group. */
  public static final String GROUP = "gateway.envoyproxy.io";

  /** The API version. */
  public static final String VERSION = "v1alpha1";

  private final String kind;
  private final String plural;

  PolicyKind(String kind, String plural) {
    this.kind = kind;
    this.plural = plural;
  }

  /** As in a manifest's {@code kind}. */
  public String kind() {
    return kind;
  }

  /** As in the API's paths. */
  public String plural() {
    return plural;
  }
}
