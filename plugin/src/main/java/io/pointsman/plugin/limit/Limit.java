package io.pointsman.plugin.limit;

/** The kinds of limits that a request can meet. */
public enum Limit {
  /** {@code requestsPerSecond} of a profile. */
  MODEL_REQUESTS("model_requests_per_second", 1_000),

  /** {@code requestsPerSecondPerReplica} of a profile, times the model's ready endpoints. */
  REPLICA_REQUESTS("model_requests_per_second_per_replica", 1_000),

  /** Requests of a user or key. */
  CALLER_REQUESTS("requests_per_minute", 60_000),

  /** Tokens of a user or key. */
  CALLER_TOKENS("tokens_per_minute", 60_000),

  /** {@code requestsInflight} of a profile. */
  MODEL_IN_FLIGHT("model_requests_in_flight", 0),

  /** Requests in flight of a user or key. */
  CALLER_IN_FLIGHT("requests_in_flight", 0);

  private final String label;
  private final long windowMs;

  Limit(String label, long windowMs) {
    this.label = label;
    this.windowMs = windowMs;
  }

  /** Its name in metrics and keys. */
  public String label() {
    return label;
  }

  /** Length of its windows; 0 where requests in flight are counted. */
  long windowMs() {
    return windowMs;
  }

  /** True if it counts what is in flight rather than what comes in a window. */
  public boolean isInFlight() {
    return windowMs == 0;
  }
}
