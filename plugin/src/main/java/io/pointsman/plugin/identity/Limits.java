package io.pointsman.plugin.identity;

/**
 * What a key or a user may use; 0 is no limit.
 *
 * @param requestsPerMinute requests in a minute
 * @param tokensPerMinute tokens of prompts and answers in a minute
 * @param requestsInFlight requests at the same time
 */
public record Limits(int requestsPerMinute, long tokensPerMinute, int requestsInFlight) {
  public static final Limits NONE = new Limits(0, 0, 0);

  /** Largest limit that can be set. */
  public static final int MAX_REQUESTS = Integer.MAX_VALUE;

  /** Largest limit of tokens: a number that JSON readers take exactly. */
  public static final long MAX_TOKENS = 1L << 53;

  public Limits {
    if (requestsPerMinute < 0 || tokensPerMinute < 0 || requestsInFlight < 0) {
      throw new IllegalArgumentException("a limit must not be negative");
    }
  }

  boolean isNone() {
    return equals(NONE);
  }
}
