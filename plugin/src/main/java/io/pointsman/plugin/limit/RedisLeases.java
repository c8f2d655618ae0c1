package io.pointsman.plugin.limit;

import io.pointsman.plugin.redis.RedisCommands;
import java.util.ArrayList;
import java.util.List;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/** Leases from a real Redis. All keys share one hash tag, so that a cluster keeps them together. */
final class RedisLeases implements LeaseStore {
  private static final String KIND = "limit";

  private final RedisCommands redis;
  private final String keys;
  private final String script;
  private volatile String digest = "";

  /**
   * @param keyPrefix begins every key
   */
  RedisLeases(RedisCommands redis, String keyPrefix) {
    this(redis, keyPrefix, LeaseScript.text());
  }

  RedisLeases(RedisCommands redis, String keyPrefix, String script) {
    this.redis = redis;
    this.keys = keyPrefix + "/{limit}/";
    this.script = script;
  }

  private String replicas() {
    return keys + "replicas";
  }

  @Override
  public List<?> exchange(List<String> counters, List<String> arguments) {
    var names = new ArrayList<String>(counters.size() + 1);
    names.add(replicas());
    counters.forEach(counter -> names.add(keys + "counter/" + counter));
    return (List<?>) redis.run(KIND, client -> run(client, names, arguments));
  }

  private Object run(UnifiedJedis client, List<String> names, List<String> arguments) {
    if (!digest.isEmpty()) {
      try {
        return client.evalsha(digest, names, arguments);
      } catch (JedisNoScriptException e) {
        digest = "";
      }
    }
    Object reply = client.eval(script, names, arguments);
    digest = Digest.sha1(script);
    return reply;
  }

  @Override
  public void leave(String replica) {
    redis.run(
        KIND, client -> client.eval(LeaseScript.LEAVE, List.of(replicas()), List.of(replica)));
  }
}
