package io.pointsman.plugin.identity;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.pointsman.plugin.redis.RedisCommands;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * API keys in Redis, without the keys: a hash by name, and beside it a {@linkplain KeyListVersion
 * version}, new with each change, by which replicas notice changes. Blocks its caller; every method
 * throws {@link redis.clients.jedis.exceptions.JedisException} if Redis is away. Thread-safe.
 *
 * <p>A list that is made anew, since Redis has lost the one before, has another epoch. Replicas
 * that know a list of another epoch then {@link #merge} it in, each epoch once, or again by a
 * replica that had seen a later change of it: that takes out what only the older list held. So what
 * was revoked does not come back, in whatever order replicas come. A list without keys is not
 * merged in, for it would keep out those of others, should its replica be wrong; so if the last key
 * is revoked just before the loss, a replica that had not seen it brings that one back.
 */
public final class ApiKeyStore {
  /** Each replica holds all of them in memory, and reads all of them after a change. */
  public static final int MAX_KEYS = 10_000;

  private static final String KIND = "api-keys";

  /**
   * Gives the list its next version. An epoch begins where there is none; one that has no count is
   * of a version before there were any.
   */
  private static final String CHANGED =
      """
      local function changed(key, epoch, random)
        local old = redis.call('GET', key) or ''
        local count = tonumber(string.match(old, '^[^:]+:(%d+):') or 0) + 1
        epoch = string.match(old, '^[^:]+') or epoch
        redis.call('SET', key, epoch .. ':' .. string.format('%d', count) .. ':' .. random)
      end
      """;

  /** KEYS: keys, version, merged, revoked. ARGV: new epoch, random, name, JSON, most keys. */
  private static final String CREATE =
      CHANGED
          + """
          if redis.call('HEXISTS', KEYS[1], ARGV[3]) == 1 then return 'exists' end
          if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 'full' end
          redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
          redis.call('ZREM', KEYS[4], ARGV[3])
          changed(KEYS[2], ARGV[1], ARGV[2])
          return 'created'
          """;

  /**
   * KEYS: keys, version, merged, revoked. ARGV: new epoch, random, name. Kept for an hour, for the
   * key may be one that Redis has lost and is about to be given back.
   */
  private static final String REVOKE =
      CHANGED
          + """
          local gone = redis.call('HDEL', KEYS[1], ARGV[3])
          local now = tonumber(redis.call('TIME')[1])
          redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - 3600)
          redis.call('ZADD', KEYS[4], now, ARGV[3])
          redis.call('EXPIRE', KEYS[4], 3600)
          if gone == 1 then changed(KEYS[2], ARGV[1], ARGV[2]) end
          return gone
          """;

  /** KEYS: keys, version. In one, so that no change falls between the version and the keys. */
  private static final String READ =
      "return {redis.call('GET', KEYS[2]), redis.call('HGETALL', KEYS[1])}";

  /**
   * KEYS: keys, version, merged, revoked. ARGV: new epoch, random, epoch and count of the list that
   * is merged in, then name and JSON of each of its keys.
   *
   * <p>A list of the same epoch is not lost: its reader had asked another node. Neither is one
   * without a count: a version before there were any wrote it, and begins an epoch each time.
   */
  private static final String MERGE =
      CHANGED
          + """
          local function merge(from, count)
            local found = redis.call('GET', KEYS[2])
            if found and not string.match(found, '^[^:]+:%d+:') then return 0 end
            if found and string.match(found, '^[^:]+') == from then return 0 end
            local merged = redis.call('HGET', KEYS[3], from)
            if merged and tonumber(merged) >= count then return 0 end
            local mark = '"merged_from":"' .. from .. '"'
            local known = redis.call('HGETALL', KEYS[1])
            for i = 1, #known, 2 do
              if string.find(known[i + 1], mark, 1, true) then
                redis.call('HDEL', KEYS[1], known[i])
              end
            end
            for i = 5, #ARGV, 2 do
              if not redis.call('ZSCORE', KEYS[4], ARGV[i]) then
                redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
              end
            end
            redis.call('HSET', KEYS[3], from, ARGV[4])
            changed(KEYS[2], ARGV[1], ARGV[2])
            return 1
          end
          local ours = 0
          if #ARGV > 4 then ours = merge(ARGV[3], tonumber(ARGV[4])) end
          return {redis.call('GET', KEYS[2]), redis.call('HGETALL', KEYS[1]), ours}
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

  /**
   * The keys at one moment.
   *
   * @param version null before the first change, or if Redis has lost what it had
   * @param keys by name
   */
  record KeyList(@Nullable KeyListVersion version, List<ApiKey> keys) {}

  /**
   * What came of an attempt to merge.
   *
   * @param ours whether the list was merged in
   * @param list what is there now
   */
  record Merge(boolean ours, KeyList list) {}

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
    // One hash tag, so that in a cluster all are on one node.
    names =
        Stream.of("keys", "version", "merged", "revoked")
            .map(name -> keyPrefix + "/{api-keys}/" + name)
            .toList();
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
    Object outcome = run(CREATE, name, write(key).toString(), Integer.toString(MAX_KEYS));
    return switch (String.valueOf(outcome)) {
      case "created" -> new Creation.Created(secret, key);
      case "exists" -> new Creation.NameTaken();
      case "full" -> new Creation.TooMany();
      default -> throw new IllegalStateException("the script answered " + outcome);
    };
  }

  /** Removes a key; false if there is none of that name. */
  public boolean revoke(String name) {
    return Long.valueOf(1).equals(run(REVOKE, name));
  }

  /** All keys, by name. */
  public List<ApiKey> list() {
    return read().keys();
  }

  /** All keys, and the version that they are. */
  KeyList read() {
    return keyList((List<?>) redis.run(KIND, client -> client.eval(READ, names, List.of())));
  }

  /** Differs after each change; null before the first, or if Redis has lost what it had. */
  @Nullable KeyListVersion version() {
    return redis
        .run(KIND, client -> Optional.ofNullable(client.get(names.get(1))))
        .map(KeyListVersion::parse)
        .orElse(null);
  }

  /**
   * Gives a Redis that has lost its list back what is known of it. Keys that were made or revoked
   * there meanwhile stay as they are.
   *
   * @param known version of the list that was lost
   * @param keys what it held
   * @return not ours if that, or a later version of it, was merged in before, and if there is
   *     nothing to give back
   */
  Merge merge(KeyListVersion known, Collection<ApiKey> keys) {
    var arguments = new ArrayList<String>();
    arguments.add(known.epoch());
    arguments.add(Long.toString(known.count()));
    for (ApiKey key : keys) {
      JsonObject json = write(key);
      json.addProperty("merged_from", known.epoch());
      arguments.add(key.name());
      arguments.add(json.toString());
    }
    var answer = (List<?>) run(MERGE, arguments.toArray(String[]::new));
    return new Merge(Long.valueOf(1).equals(answer.get(2)), keyList(answer));
  }

  private Object run(String script, String... arguments) {
    var all = new ArrayList<String>();
    all.add(Long.toHexString(random.nextLong()));
    all.add(Long.toHexString(random.nextLong()));
    all.addAll(List.of(arguments));
    return redis.run(KIND, client -> client.eval(script, names, all));
  }

  /**
   * @param answer version, then name and JSON of each key
   */
  private static KeyList keyList(List<?> answer) {
    Object version = answer.get(0);
    var stored = (List<?>) answer.get(1);
    var keys = new ArrayList<ApiKey>();
    for (int i = 0; i < stored.size(); i += 2) {
      ApiKey key = read(String.valueOf(stored.get(i)), String.valueOf(stored.get(i + 1)));
      if (key != null) {
        keys.add(key);
      }
    }
    keys.sort(Comparator.comparing(ApiKey::name));
    return new KeyList(version == null ? null : KeyListVersion.parse(version.toString()), keys);
  }

  private static JsonObject write(ApiKey key) {
    var json = new JsonObject();
    json.addProperty("sha256", key.hash().hex());
    json.addProperty("prefix", key.prefix());
    json.addProperty("user_id", key.user());
    json.addProperty("requests_per_minute", key.limits().requestsPerMinute());
    json.addProperty("tokens_per_minute", key.limits().tokensPerMinute());
    json.addProperty("requests_in_flight", key.limits().requestsInFlight());
    json.addProperty("created_at", key.createdAt());
    return json;
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
