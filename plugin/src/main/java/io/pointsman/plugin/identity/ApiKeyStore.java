package io.pointsman.plugin.identity;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.pointsman.plugin.redis.RedisCommands;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * API keys in Redis, without the keys: a hash by name, and beside it a version, new with each
 * change, by which replicas notice changes. Blocks its caller; every method throws {@link
 * redis.clients.jedis.exceptions.JedisException} if Redis is away. Thread-safe.
 */
public final class ApiKeyStore {
  /** Each replica holds all of them in memory, and reads all of them after a change. */
  public static final int MAX_KEYS = 10_000;

  private static final String KIND = "api-keys";

  /** KEYS: keys, version. ARGV: name, JSON, new version, most keys. */
  private static final String CREATE =
      """
      if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 'exists' end
      if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 'full' end
      redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
      redis.call('SET', KEYS[2], ARGV[3])
      return 'created'
      """;

  /** KEYS: keys, version. ARGV: name, new version. */
  private static final String REVOKE =
      """
      local gone = redis.call('HDEL', KEYS[1], ARGV[1])
      if gone == 1 then redis.call('SET', KEYS[2], ARGV[2]) end
      return gone
      """;

  /** KEYS: keys, version. ARGV: version, then name and JSON of each key. */
  private static final String RESTORE =
      """
      if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 0 end
      for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
      redis.call('SET', KEYS[2], ARGV[1])
      return 1
      """;

  /** What became of an attempt to create a key. */
  public sealed interface Creation {
    /**
     * The key was created.
     *
     * @param secret the key: to be shown once and kept nowhere
     */
    record Created(String secret, ApiKey key) implements Creation {
      /** Shows all but the key. */
      @Override
      public String toString() {
        return "Created[" + key.name() + "]";
      }
    }

    /** There is a key of this name. */
    record NameTaken() implements Creation {}

    /** There are {@value #MAX_KEYS} keys. */
    record TooMany() implements Creation {}
  }

  private final RedisCommands redis;
  private final List<String> names;
  private final SecureRandom random = new SecureRandom();
  private final Clock clock;

  /**
   * @param keyPrefix begins the keys of Redis; releases that share a Redis differ in it
   */
  public ApiKeyStore(RedisCommands redis, String keyPrefix) {
    this(redis, keyPrefix, Clock.systemUTC());
  }

  ApiKeyStore(RedisCommands redis, String keyPrefix, Clock clock) {
    this.redis = redis;
    this.clock = clock;
    // One hash tag, so that in a cluster both are on one node.
    names = List.of(keyPrefix + "/{api-keys}/keys", keyPrefix + "/{api-keys}/version");
  }

  /** Makes a new key and stores its hash. */
  public Creation create(String name, @Nullable String user, Limits limits) {
    String secret = ApiKey.generate(random);
    var key =
        new ApiKey(
            name,
            KeyHash.of(secret),
            ApiKey.prefixOf(secret),
            user,
            limits,
            clock.instant().getEpochSecond());
    List<String> arguments = List.of(name, write(key), newVersion(), Integer.toString(MAX_KEYS));
    Object outcome = redis.run(KIND, client -> client.eval(CREATE, names, arguments));
    return switch (String.valueOf(outcome)) {
      case "created" -> new Creation.Created(secret, key);
      case "exists" -> new Creation.NameTaken();
      case "full" -> new Creation.TooMany();
      default -> throw new IllegalStateException("the script answered " + outcome);
    };
  }

  /** Removes a key; false if there is none of that name. */
  public boolean revoke(String name) {
    Object gone =
        redis.run(KIND, client -> client.eval(REVOKE, names, List.of(name, newVersion())));
    return Long.valueOf(1).equals(gone);
  }

  /** All keys, by name. */
  public List<ApiKey> list() {
    Map<String, String> stored = redis.run(KIND, client -> client.hgetAll(names.get(0)));
    var keys = new ArrayList<ApiKey>();
    stored.forEach(
        (name, json) -> {
          ApiKey key = read(name, json);
          if (key != null) {
            keys.add(key);
          }
        });
    keys.sort(Comparator.comparing(ApiKey::name));
    return keys;
  }

  /** Differs after each change; null before the first, or if Redis has lost what it had. */
  @Nullable String version() {
    return redis.run(KIND, client -> Optional.ofNullable(client.get(names.get(1)))).orElse(null);
  }

  /** Gives an empty Redis back what it has lost; false if another replica was faster. */
  boolean restore(String version, List<ApiKey> keys) {
    var arguments = new ArrayList<String>();
    arguments.add(version);
    for (ApiKey key : keys) {
      arguments.add(key.name());
      arguments.add(write(key));
    }
    return Long.valueOf(1).equals(redis.run(KIND, c -> c.eval(RESTORE, names, arguments)));
  }

  private String newVersion() {
    return Long.toHexString(random.nextLong());
  }

  private static String write(ApiKey key) {
    var json = new JsonObject();
    json.addProperty("sha256", key.hash().hex());
    json.addProperty("prefix", key.prefix());
    json.addProperty("user_id", key.user());
    json.addProperty("requests_per_minute", key.limits().requestsPerMinute());
    json.addProperty("tokens_per_minute", key.limits().tokensPerMinute());
    json.addProperty("requests_in_flight", key.limits().requestsInFlight());
    json.addProperty("created_at", key.createdAt());
    return json.toString();
  }

  /** Null if it is not what we write. */
  private static @Nullable ApiKey read(String name, String text) {
    try {
      JsonObject json = JsonParser.parseString(text).getAsJsonObject();
      JsonElement user = json.get("user_id");
      return new ApiKey(
          name,
          KeyHash.parse(json.get("sha256").getAsString()),
          json.get("prefix").getAsString(),
          user == null || user.isJsonNull() ? null : user.getAsString(),
          new Limits(
              json.get("requests_per_minute").getAsInt(),
              json.get("tokens_per_minute").getAsLong(),
              json.get("requests_in_flight").getAsInt()),
          json.get("created_at").getAsLong());
    } catch (JsonParseException
        | IllegalArgumentException
        | IllegalStateException
        | UnsupportedOperationException
        | NullPointerException e) {
      return null;
    }
  }
}
