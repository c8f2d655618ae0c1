package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.routing.Decision.Routed;

/**
 * A request that has been decided.
 *
 * @param decision endpoint, strategy and profile
 * @param requestId the id it goes by
 * @param newId true if the client sent none, so that the pod must be told
 */
record RoutedRequest(Routed decision, ByteString requestId, boolean newId) {
  Endpoint endpoint() {
    return decision.reservation().endpoint();
  }
}
