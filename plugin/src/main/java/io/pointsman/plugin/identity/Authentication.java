package io.pointsman.plugin.identity;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What the {@link Authenticator} says of a request. */
public sealed interface Authentication {

  /** An answer. */
  sealed interface Settled extends Authentication {}

  /**
   * The request may go on.
   *
   * @param identity whom it counts for; null if for nobody
   * @param user the user that is known, for strategies that share fairly among users; null if none
   *     is
   */
  record Accepted(@Nullable Identity identity, @Nullable String user) implements Settled {}

  /** The request is to be refused. */
  record Refused(Refusal why) implements Settled {}

  /**
   * The answer is not in memory and is being looked up.
   *
   * @param answer completed by a thread that must not be held up; never completed with an exception
   */
  record Pending(CompletableFuture<Settled> answer) implements Authentication {}

  /** Why a request is refused. */
  enum Refusal {
    /** A key is needed, and none was sent in the form {@code Authorization: Bearer <key>}. */
    MISSING_KEY("missing_key"),
    /** Nobody has this key. */
    UNKNOWN_KEY("unknown_key"),
    /** The header {@code user} names a user that is not stored. */
    UNKNOWN_USER("unknown_user"),
    /** Whether the key or user is good cannot be told while Redis is away. */
    UNAVAILABLE("unavailable");

    private final String label;

    Refusal(String label) {
      this.label = label;
    }

    /** As metrics have it. */
    String label() {
      return label;
    }
  }
}
