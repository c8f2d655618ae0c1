package io.pointsman.plugin.identity;

/**
 * Whom a request counts for, and within which limits. Immutable.
 *
 * @param kind whether {@code id} names a user or an API key
 * @param id name of the user or of the key; never the key itself
 * @param requestsPerMinute 0: no limit
 * @param tokensPerMinute 0: no limit
 * @param requestsInFlight 0: no limit
 */
public record Identity(
    Kind kind, String id, int requestsPerMinute, long tokensPerMinute, int requestsInFlight) {

  /** What an identity is the name of. */
  public enum Kind {
    USER("user"),
    KEY("key");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** As it is written in logs and keys of Redis. */
    public String label() {
      return label;
    }
  }

  static Identity of(Kind kind, String id, Limits limits) {
    return new Identity(
        kind, id, limits.requestsPerMinute(), limits.tokensPerMinute(), limits.requestsInFlight());
  }

  /** {@code user:alice} or {@code key:batch-jobs}, for logs. */
  public String label() {
    return kind.label() + ":" + id;
  }
}
