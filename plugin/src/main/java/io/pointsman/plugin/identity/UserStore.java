package io.pointsman.plugin.identity;

import io.pointsman.plugin.redis.RedisCommands;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;

/**
 * Users in Redis, in the wire contract's form. Blocks its caller; every method throws {@link
 * redis.clients.jedis.exceptions.JedisException} if Redis is away. Thread-safe.
 */
public final class UserStore {
  private static final String PREFIX = "aibrix-users/";
  private static final String KIND = "users";
  private static final int SCAN_COUNT = 500;

  private final RedisCommands redis;

  public UserStore(RedisCommands redis) {
    this.redis = redis;
  }

  /** Stores a new user; false if there is one of that name. */
  public boolean create(User user) {
    return set(user, SetParams.setParams().nx());
  }

  /** Replaces a user; false if there is none of that name. */
  public boolean update(User user) {
    return set(user, SetParams.setParams().xx());
  }

  private boolean set(User user, SetParams condition) {
    return redis.run(
        KIND, client -> client.set(key(user.name()), user.toJson(), condition) != null);
  }

  /** Removes a user; false if there is none of that name. */
  public boolean delete(String name) {
    return redis.run(KIND, client -> client.del(key(name))) > 0;
  }

  /** The user of this name, or null. */
  public @Nullable User read(String name) {
    return read(List.of(name)).get(name);
  }

  /** Those of these users that are stored, by one round trip for each node of Redis. */
  Map<String, User> read(List<String> names) {
    List<@Nullable String> texts = redis.run(KIND, getAll(names));
    var found = new HashMap<String, User>();
    for (int i = 0; i < names.size(); i++) {
      String text = texts.get(i);
      User user = text == null ? null : User.read(names.get(i), text);
      if (user != null) {
        found.put(user.name(), user);
      }
    }
    return found;
  }

  /** The keys of users are on different nodes of a cluster, so MGET would not do. */
  private static Function<UnifiedJedis, List<@Nullable String>> getAll(List<String> names) {
    return client -> {
      var responses = new ArrayList<Response<String>>();
      try (var pipeline = client.pipelined()) {
        names.forEach(name -> responses.add(pipeline.get(key(name))));
        pipeline.sync();
      }
      var texts = new ArrayList<@Nullable String>();
      responses.forEach(response -> texts.add(text(response)));
      return texts;
    };
  }

  /** What is no text is no user, and no reason not to see the others. */
  private static @Nullable String text(Response<String> response) {
    try {
      return response.get();
    } catch (JedisDataException e) {
      return null;
    }
  }

  /** All users, by name; whoever is there all the time is found, as Redis' SCAN promises. */
  public List<User> list() {
    Collection<String> keys =
        redis.run(
            KIND,
            client -> client.scanIteration(SCAN_COUNT, PREFIX + "*").collect(new TreeSet<>()));
    List<String> names =
        keys.stream().map(key -> key.substring(PREFIX.length())).filter(ApiKey::isName).toList();
    Map<String, User> stored = read(names);
    var users = new ArrayList<User>();
    for (String name : names) {
      User user = stored.get(name);
      if (user != null) {
        users.add(user);
      }
    }
    return users;
  }

  private static String key(String name) {
    return PREFIX + name;
  }
}
