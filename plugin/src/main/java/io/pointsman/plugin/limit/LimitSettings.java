package io.pointsman.plugin.limit;

/**
 * How limits are kept.
 *
 * @param open while Redis is away, true: each replica goes on with its share of each budget; false:
 *     requests with limits are answered with 503 once what was leased is spent
 * @param replicas how many replicas share a budget as long as Redis has not told
 * @param answerTokens what the answer is taken for where a request says no {@code max_tokens}
 * @param addIncludeUsage ask the model for the usage of a streamed answer that is charged by tokens
 *     where the client does not; false: refuse such a request
 */
public record LimitSettings(boolean open, int replicas, int answerTokens, boolean addIncludeUsage) {
  /** What applies where the operator sets nothing. */
  public static final LimitSettings DEFAULTS = new LimitSettings(true, 1, 1024, false);

  public LimitSettings {
    if (replicas < 1) {
      throw new IllegalArgumentException("replicas must be positive, is " + replicas);
    }
  }
}
