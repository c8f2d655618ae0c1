package io.pointsman.plugin.identity;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.plugin.identity.Authentication.Accepted;
import io.pointsman.plugin.identity.Authentication.Pending;
import io.pointsman.plugin.identity.Authentication.Refusal;
import io.pointsman.plugin.identity.Authentication.Refused;
import io.pointsman.plugin.identity.Authentication.Settled;
import io.pointsman.plugin.identity.UserDirectory.Answer;
import io.pointsman.plugin.redis.RedisCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says who sends a request. Keys are compared in memory; of users that are not remembered the
 * answer comes later. Nothing here blocks. Thread-safe.
 *
 * <p>Where keys are asked for, a request counts for its key if the key has limits of its own, else
 * for the key's user if that one is stored, else for the key, without limits. What the client says
 * of its user does not count then.
 */
public final class Authenticator implements AutoCloseable {
  private static final Duration LOOK_INTERVAL = Duration.ofMillis(250);

  private static final Accepted ANONYMOUS = new Accepted(null, null);

  private final IdentitySettings settings;
  private final List<KeySource> sources;
  private final @Nullable UserDirectory users;
  private final Map<Refusal, Refused> refusals = new EnumMap<>(Refusal.class);
  private final Map<Refusal, Counter> refused = new EnumMap<>(Refusal.class);

  private Authenticator(
      IdentitySettings settings,
      List<KeySource> sources,
      @Nullable UserDirectory users,
      MeterRegistry meters) {
    this.settings = settings;
    this.sources = List.copyOf(sources);
    this.users = users;
    for (Refusal refusal : Refusal.values()) {
      refusals.put(refusal, new Refused(refusal));
      refused.put(
          refusal,
          Counter.builder("pointsman.auth.refused")
              .description("Requests refused for want of a good key or a known user, by reason")
              .tag("reason", refusal.label())
              .register(meters));
    }
  }

  /**
   * Lets every request through and knows nobody.
   *
   * @param meters where the meters go, which then stay at zero
   */
  public static Authenticator open(MeterRegistry meters) {
    return new Authenticator(IdentitySettings.OPEN, List.of(), null, meters);
  }

  /**
   * Reads what it needs and follows its changes.
   *
   * @param keyPrefix begins the keys of Redis that hold API keys
   * @param redis where users and further API keys are, or null where no Redis is set
   * @throws ConfigException if the file of API keys cannot be used
   */
  public static Authenticator start(
      IdentitySettings settings,
      String keyPrefix,
      @Nullable RedisCommands redis,
      MeterRegistry meters)
      throws ConfigException {
    var sources = new ArrayList<KeySource>();
    if (settings.bearerToken() != null) {
      sources.add(new SingleKey(settings.bearerToken()));
    }
    if (settings.keysFile() != null) {
      sources.add(FileKeys.open(settings.keysFile(), LOOK_INTERVAL, meters));
    }
    if (redis != null && settings.asksForKeys()) {
      sources.add(StoredKeys.start(new ApiKeyStore(redis, keyPrefix), meters));
    }
    UserDirectory users =
        redis == null || settings.users() == UserPolicy.OFF
            ? null
            : new UserDirectory(new UserStore(redis), meters, System::nanoTime);
    return new Authenticator(settings, sources, users, meters);
  }

  /** True if the client's Authorization header is for us alone. */
  public boolean hidesAuthorization() {
    return settings.asksForKeys() && !settings.forwardAuthorization();
  }

  /**
   * Says who sends a request.
   *
   * @param authorization value of the header, or null
   * @param user value of the header {@code user}, or null
   */
  public Authentication authenticate(@Nullable String authorization, @Nullable String user) {
    return settings.asksForKeys() ? byKey(authorization) : byUser(user);
  }

  /** As {@link #authenticate}, for what counts for nobody: only a key is asked for, if at all. */
  public Settled admit(@Nullable String authorization) {
    if (!settings.asksForKeys()) {
      return ANONYMOUS;
    }
    String token = BearerToken.of(authorization);
    ApiKey key = token == null ? null : find(token);
    return key == null ? refuse(reason(token)) : ofKey(key);
  }

  private Authentication byKey(@Nullable String authorization) {
    String token = BearerToken.of(authorization);
    ApiKey key = token == null ? null : find(token);
    if (key == null) {
      return refuse(reason(token));
    }
    Accepted ofKey = ofKey(key);
    if (key.user() == null || users == null || !key.limits().isNone()) {
      return ofKey;
    }
    return ask(users, key.user(), ofKey);
  }

  private static Accepted ofKey(ApiKey key) {
    return new Accepted(Identity.of(Identity.Kind.KEY, key.name(), key.limits()), key.user());
  }

  private @Nullable ApiKey find(String token) {
    KeyHash hash = KeyHash.of(token);
    for (KeySource source : sources) {
      ApiKey key = source.find(hash);
      if (key != null) {
        return key;
      }
    }
    return null;
  }

  /** A key that is not found may still be one that could not be read yet. */
  private Refusal reason(@Nullable String token) {
    if (token == null) {
      return Refusal.MISSING_KEY;
    }
    return sources.stream().allMatch(KeySource::isComplete)
        ? Refusal.UNKNOWN_KEY
        : Refusal.UNAVAILABLE;
  }

  private Authentication byUser(@Nullable String user) {
    if (user == null) {
      return ANONYMOUS;
    }
    var unlimited = new Accepted(null, user);
    return users == null ? unlimited : ask(users, user, unlimited);
  }

  /**
   * @param otherwise what applies without limits of the user's
   */
  private Authentication ask(UserDirectory directory, String user, Accepted otherwise) {
    Answer remembered = directory.remembered(user);
    return remembered != null
        ? settle(remembered, otherwise)
        : new Pending(directory.ask(user).thenApply(answer -> settle(answer, otherwise)));
  }

  private Settled settle(Answer answer, Accepted otherwise) {
    if (answer instanceof Answer.Stored stored) {
      return stored.accepted();
    }
    if (answer instanceof Answer.NotTold) {
      return settings.openWithoutRedis() ? otherwise : refuse(Refusal.UNAVAILABLE);
    }
    boolean mustBeStored = !settings.asksForKeys() && settings.users() == UserPolicy.KNOWN;
    return mustBeStored ? refuse(Refusal.UNKNOWN_USER) : otherwise;
  }

  private Refused refuse(Refusal why) {
    requireNonNull(refused.get(why)).increment();
    return requireNonNull(refusals.get(why));
  }

  @Override
  public void close() {
    sources.forEach(KeySource::close);
    if (users != null) {
      users.close();
    }
  }
}
