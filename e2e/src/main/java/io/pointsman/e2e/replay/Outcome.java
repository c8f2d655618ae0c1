package io.pointsman.e2e.replay;

import org.jspecify.annotations.Nullable;

/**
 * What became of one request.
 *
 * @param servedBy the pod that answered, null if none did
 * @param promptTokens as the pod reported
 * @param cachedTokens of them, found in the pod's cache
 * @param firstTokenNanos wall time from when the request was due until its first streamed piece
 * @param clientLagNanos wall time from when the request was due until it was handed to the HTTP
 *     client: what the client itself adds
 * @param waited true if the turn had to wait for the previous one's end beyond its arrival time
 * @param error null if the answer came whole
 */
record Outcome(
    @Nullable String servedBy,
    int promptTokens,
    int cachedTokens,
    long firstTokenNanos,
    long clientLagNanos,
    boolean waited,
    @Nullable String error) {
  static Outcome failed(String error, long clientLagNanos, boolean waited) {
    return new Outcome(null, 0, 0, 0, clientLagNanos, waited, error);
  }
}
