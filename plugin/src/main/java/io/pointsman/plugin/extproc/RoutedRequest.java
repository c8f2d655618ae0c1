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
 * @param decidedNanos when it was decided, by {@link System#nanoTime}
 */
record RoutedRequest(Routed decision, ByteString requestId, boolean newId, long decidedNanos) {
  Endpoint endpoint() {
    return decision.reservation().endpoint();
  }
}
