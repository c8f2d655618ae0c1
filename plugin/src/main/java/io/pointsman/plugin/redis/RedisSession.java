package io.pointsman.plugin.redis;

import java.util.function.Function;
import redis.clients.jedis.UnifiedJedis;

/** A connection to Redis for a program that runs a few commands and ends. Thread-safe. */
public final class RedisSession implements RedisCommands, AutoCloseable {
  private final UnifiedJedis client;

  private RedisSession(UnifiedJedis client) {
    this.client = client;
  }

  /**
   * Connects.
   *
   * @throws redis.clients.jedis.exceptions.JedisException if Redis cannot be reached
   */
  public static RedisSession open(RedisTarget target) {
    return new RedisSession(RedisConnector.connect(target));
  }

  /** Runs a command; it is not measured. */
  @Override
  public <T> T run(String kind, Function<UnifiedJedis, T> command) {
    return command.apply(client);
  }

  @Override
  public void close() {
    client.close();
  }
}
