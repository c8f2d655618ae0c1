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
 */
public record RequestView(String model, @Nullable ParsedRequest body, @Nullable Profile profile) {}
