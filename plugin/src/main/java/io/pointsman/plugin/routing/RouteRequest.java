package io.pointsman.plugin.routing;

import io.pointsman.plugin.prompt.ParsedRequest;
import org.jspecify.annotations.Nullable;

/**
 * A request to be routed.
 *
 * @param model the model it is for
 * @param headers what the client asks for
 * @param body what the body said, or null if the body was not read
 */
public record RouteRequest(String model, RouteHeaders headers, @Nullable ParsedRequest body) {}
