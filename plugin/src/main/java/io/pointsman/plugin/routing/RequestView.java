package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.prompt.ParsedRequest;
import org.jspecify.annotations.Nullable;

/**
 * What a strategy may know of a request.
 *
 * @param model the model it is for
 * @param body what the body said, or null if the decision is made on headers alone
 * @param profile the config profile that applies, or null if none does
 * @param user who sends it, as the client says, or null
 * @param session number of the session it belongs to; 0 unless the strategy {@link
 *     RoutingStrategy#usesSession uses sessions}
 */
public record RequestView(
    String model,
    @Nullable ParsedRequest body,
    @Nullable Profile profile,
    @Nullable String user,
    long session) {

  /** A request of nobody, without a session. */
  RequestView(String model, @Nullable ParsedRequest body, @Nullable Profile profile) {
    this(model, body, profile, null, 0);
  }
}
