package io.pointsman.xds.policy;

/** Names one policy of a cluster. */
public record PolicyId(PolicyKind kind, String namespace, String name) {

  /** As operators write it: {@code ClientTrafficPolicy default/pointsman}. */
  @Override
  public String toString() {
    return kind.kind() + " " + namespace + "/" + name;
  }
}
