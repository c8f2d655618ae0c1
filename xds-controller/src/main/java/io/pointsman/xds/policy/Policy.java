package io.pointsman.xds.policy;

import java.util.Map;

/**
 * One policy as it should be.
 *
 * @param labels its labels
 * @param spec its {@code spec} as maps, lists, texts, numbers and booleans
 */
public record Policy(PolicyId id, Map<String, String> labels, Map<String, Object> spec) {

  /** The whole object, as {@code kubectl apply} takes it. */
  public Map<String, Object> manifest() {
    return Tree.of(
        "apiVersion",
        PolicyKind.GROUP + "/" + PolicyKind.VERSION,
        "kind",
        id.kind().kind(),
        "metadata",
        Tree.of("name", id.name(), "namespace", id.namespace(), "labels", labels),
        "spec",
        spec);
  }
}
