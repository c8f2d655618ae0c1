package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.routing.Decision.Routed;
import io.pointsman.plugin.routing.PrefillPlan;
import io.pointsman.plugin.routing.Reservation;
import org.jspecify.annotations.Nullable;

/**
 * A request that has been decided.
 *
 * @param decision endpoint, strategy and profile
 * @param requestId the id it goes by
 * @param newId true if the client sent none, so that the pod must be told
 * @param decidedNanos when it was decided, by {@link System#nanoTime}
 * @param prefill what became of its prefill; null before that is known, and where there is none
 */
record RoutedRequest(
    Routed decision,
    ByteString requestId,
    boolean newId,
    long decidedNanos,
    @Nullable PrefillNote prefill) {
  RoutedRequest with(PrefillNote note) {
    return new RoutedRequest(decision, requestId, newId, decidedNanos, note);
  }

  /** Gives back what is reserved for the prefill, if anything is still. */
  void releasePrefill() {
    PrefillPlan plan = decision.prefill();
    Reservation reservation = plan == null ? null : plan.first();
    if (reservation != null) {
      reservation.release();
    }
  }

  Endpoint endpoint() {
    return decision.reservation().endpoint();
  }
}
