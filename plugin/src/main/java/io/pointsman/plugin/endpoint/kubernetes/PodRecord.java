package io.pointsman.plugin.endpoint.kubernetes;

import io.pointsman.plugin.endpoint.EndpointSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that is kept of a pod. Two records are equal exactly if nothing that matters has changed.
 *
 * @param namespace its namespace
 * @param name its name
 * @param uid its UID
 * @param created creation time as the API server writes it: RFC 3339 in UTC, in the order of time
 * @param model the model it serves
 * @param engine the engine it runs, or null if it does not say
 * @param ready true if it takes requests
 * @param config text of its config annotation, or null
 * @param endpoints its ports as endpoints; empty as long as it has no address
 */
record PodRecord(
    String namespace,
    String name,
    String uid,
    String created,
    String model,
    @Nullable String engine,
    boolean ready,
    @Nullable String config,
    List<EndpointSpec> endpoints) {

  /** For people: {@code namespace/name}. */
  String fullName() {
    return namespace + "/" + name;
  }
}
