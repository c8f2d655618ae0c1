package io.pointsman.plugin.routing;

import org.jspecify.annotations.Nullable;

/**
 * The client's headers that routing goes by; null where the client sent none.
 *
 * @param strategy value of {@code routing-strategy}
 * @param profile value of {@code config-profile}
 * @param user value of {@code user}
 * @param sessionId value of {@code x-session-id}
 * @param sessionKey value of {@code x-aibrix-session-key}
 * @param filter value of {@code external-filter}
 */
public record RouteHeaders(
    @Nullable String strategy,
    @Nullable String profile,
    @Nullable String user,
    @Nullable String sessionId,
    @Nullable String sessionKey,
    @Nullable String filter) {
  public static final RouteHeaders NONE = new RouteHeaders(null, null, null, null, null, null);
}
