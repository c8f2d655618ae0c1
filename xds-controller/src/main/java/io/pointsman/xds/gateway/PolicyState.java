package io.pointsman.xds.gateway;

import io.pointsman.xds.policy.PolicyId;
import java.util.Map;
import java.util.SortedSet;

/**
 * What is known of one policy after a look at it.
 *
 * @param uid of the object; empty if it is not there
 * @param verdict what Envoy Gateway says of it
 * @param generation of the policy; 0 if it is not there
 * @param observedGeneration the one that Envoy Gateway speaks of
 * @param foreign fields that others have set, by their manager
 */
record PolicyState(
    PolicyId id,
    String uid,
    Verdict verdict,
    long generation,
    long observedGeneration,
    Map<String, SortedSet<String>> foreign) {

  /** Reason of one that is not applied yet for the sake of another. */
  static final String WAITING = "Waiting: not applied until the ClientTrafficPolicy is accepted";

  /** Whether it is not applied yet for the sake of another. */
  boolean waits() {
    return verdict.reason().equals(WAITING);
  }

  static PolicyState of(PolicyId id, Map<?, ?> live) {
    return of(id, live, Verdict.of(id.kind(), live));
  }

  /** One that is there, of which we say something else than Envoy Gateway. */
  static PolicyState of(PolicyId id, Map<?, ?> live, Verdict verdict) {
    return new PolicyState(
        id,
        Manifest.text(live, "metadata", "uid"),
        verdict,
        Manifest.number(live, "metadata", "generation"),
        Verdict.observedGeneration(live),
        ForeignFields.of(live));
  }

  static PolicyState absent(PolicyId id, String reason) {
    return new PolicyState(id, "", Verdict.none(reason), 0, 0, Map.of());
  }
}
