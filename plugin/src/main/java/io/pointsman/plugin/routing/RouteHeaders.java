package io.pointsman.plugin.routing;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The client's headers that routing goes by; null where the client sent none.
 *
 * @param strategy value of {@code routing-strategy}
 * @param profile value of {@code config-profile}
 * @param user value of {@code user}, or whom the request was found to be from
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

  /** The same of another user. */
  public RouteHeaders withUser(@Nullable String other) {
    return Objects.equals(user, other)
        ? this
        : new RouteHeaders(strategy, profile, other, sessionId, sessionKey, filter);
  }
}
