package io.pointsman.plugin.redis;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.UnifiedJedis;

/**
 * Runs commands on Redis, whatever kind of Redis it is. Blocks its caller until Redis has answered
 * or a time-out has passed: for background threads only.
 */
public interface RedisCommands {
  /**
   * Runs a command and measures it.
   *
   * @param kind what it is for, as a label of {@code redis_commands_duration_seconds}; from a fixed
   *     set
   * @throws redis.clients.jedis.exceptions.JedisException if Redis is away, slow or refuses
   */
  <T extends @Nullable Object> T run(String kind, Function<UnifiedJedis, T> command);
}
