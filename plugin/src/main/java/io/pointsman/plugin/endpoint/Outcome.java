package io.pointsman.plugin.endpoint;

/** What one request tells about the health of the endpoint that it went to. */
public enum Outcome {
  /** The endpoint answered, with whatever status but the three below. */
  ANSWERED,
  /** The connection could not be made, or was reset by the endpoint. */
  CONNECTION_FAILED,
  /** The endpoint itself answered 502, 503 or 504. */
  UNAVAILABLE,
  /** Says nothing about the endpoint: a breaker's overflow, a route time-out, a client's abort. */
  NEUTRAL
}
