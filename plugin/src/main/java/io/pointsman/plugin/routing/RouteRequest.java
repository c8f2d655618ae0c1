package io.pointsman.plugin.routing;

import io.pointsman.plugin.prompt.ParsedRequest;
import org.jspecify.annotations.Nullable;

/**
 * A request to be routed.
 *
 * @param model the model it is for
 * @param strategyHeader value of {@code routing-strategy}, or null if the client sent none
 * @param profileHeader value of {@code config-profile}, or null if the client sent none
 * @param body what the body said, or null if the body was not read
 */
public record RouteRequest(
    String model,
    @Nullable String strategyHeader,
    @Nullable String profileHeader,
    @Nullable ParsedRequest body) {}
