package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Profile;
import org.jspecify.annotations.Nullable;

/** What the router makes of a request. */
public sealed interface Decision
    permits Decision.Routed,
        Decision.UnknownModel,
        Decision.NoEndpoints,
        Decision.AllFull,
        Decision.UnknownStrategy,
        Decision.NothingSelected,
        Decision.NothingFits,
        Decision.NeedsBody {

  /**
   * An endpoint was chosen and one request reserved on it.
   *
   * @param reservation to be released when the request ends, however it ends
   * @param strategy the strategy that applied, as it was asked for
   * @param strategyName one name for all combinations, for metrics
   * @param configProfile the config profile that applied, or null if none did
   * @param session id of the request's session, or null if the strategy goes by none
   * @param prefill how its prompt is computed first, or null if the strategy shares no requests
   *     between pods
   */
  record Routed(
      Reservation reservation,
      String strategy,
      String strategyName,
      @Nullable Profile configProfile,
      @Nullable String session,
      @Nullable PrefillPlan prefill)
      implements Decision {

    /** Name of the config profile that applied, or null if none did. */
    public @Nullable String profile() {
      return configProfile == null ? null : configProfile.name();
    }

    /** Longest time that the request may take, or null. */
    public @Nullable Integer timeoutSeconds() {
      return configProfile == null ? null : configProfile.limits().timeoutSeconds();
    }
  }

  /** Nothing serves this model. */
  record UnknownModel(String model) implements Decision {}

  /** The model is known, but no endpoint of it takes requests now. */
  record NoEndpoints(String model) implements Decision {}

  /** Each endpoint that could take the request has as many in flight as it may have. */
  record AllFull(String model) implements Decision {}

  /** The strategy that applies is none of ours. */
  record UnknownStrategy(String strategy) implements Decision {}

  /** The external filter is no label selector, or selects no endpoint. */
  record NothingSelected(String filter) implements Decision {}

  /** Endpoints take requests, but none, or no two together, a request of this kind. */
  record NothingFits(String strategy) implements Decision {}

  /**
   * The request was given without its body, and the decision depends on it. Nothing is reserved.
   */
  record NeedsBody() implements Decision {}
}
