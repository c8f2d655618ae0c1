package io.pointsman.plugin.identity;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Who may send requests. Immutable.
 *
 * @param bearerToken hash of the one key that a setting gives, or null
 * @param keysFile file of API keys, or null
 * @param requireKey ask for a key also where neither of the two is set
 * @param users what the header named user means where no key is asked for
 * @param openWithoutRedis what cannot be looked up while Redis is away passes without limits;
 *     false: it is refused
 * @param forwardAuthorization leave the client's Authorization header in the request also where a
 *     key is asked for
 */
public record IdentitySettings(
    @Nullable KeyHash bearerToken,
    @Nullable Path keysFile,
    boolean requireKey,
    UserPolicy users,
    boolean openWithoutRedis,
    boolean forwardAuthorization) {

  /** Nobody is asked for anything. */
  public static final IdentitySettings OPEN =
      new IdentitySettings(null, null, false, UserPolicy.OFF, true, false);

  /** Whether each request needs a key; the client's word on its user then does not count. */
  public boolean asksForKeys() {
    return bearerToken != null || keysFile != null || requireKey;
  }
}
