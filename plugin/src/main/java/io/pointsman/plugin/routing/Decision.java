package io.pointsman.plugin.routing;

import org.jspecify.annotations.Nullable;

/** What the router makes of a request. */
public sealed interface Decision
    permits Decision.Routed,
        Decision.UnknownModel,
        Decision.NoEndpoints,
        Decision.UnknownStrategy,
        Decision.NeedsBody {

  /**
   * An endpoint was chosen and one request reserved on it.
   *
   * @param reservation to be released when the request ends, however it ends
   * @param strategy name of the strategy that applied
   * @param profile name of the config profile that applied, or null if none did
   */
  record Routed(Reservation reservation, String strategy, @Nullable String profile)
      implements Decision {}

  /** Nothing serves this model. */
  record UnknownModel(String model) implements Decision {}

  /** The model is known, but no endpoint of it takes requests now. */
  record NoEndpoints(String model) implements Decision {}

  /** The strategy that applies is none of ours. */
  record UnknownStrategy(String strategy) implements Decision {}

  /**
   * The request was given without its body, and the decision depends on it. Nothing is reserved.
   */
  record NeedsBody() implements Decision {}
}
