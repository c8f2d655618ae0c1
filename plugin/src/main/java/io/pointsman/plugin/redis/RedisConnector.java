package io.pointsman.plugin.redis;

import java.time.Duration;
import java.util.Set;
import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import redis.clients.jedis.Connection;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.SslVerifyMode;
import redis.clients.jedis.UnifiedJedis;

/** Makes the client for a target, with a bound on every wait. */
final class RedisConnector {
  static final int TIMEOUT_MS = 1000;

  /**
   * More than there are threads that use Redis: one follows each shard of the block news, of which
   * there are at most 64, and waits there with a connection in hand.
   */
  private static final int MAX_CONNECTIONS = 80;

  private RedisConnector() {}

  /**
   * Connects.
   *
   * @throws redis.clients.jedis.exceptions.JedisException if Redis cannot be reached now
   */
  static UnifiedJedis connect(RedisTarget target) {
    JedisClientConfig config = config(target);
    var nodes = Set.copyOf(target.nodes());
    return switch (target.kind()) {
      case STANDALONE ->
          RedisClient.builder()
              .hostAndPort(target.nodes().get(0))
              .clientConfig(config)
              .poolConfig(pool())
              .build();
      case SENTINEL -> sentinel(target, config, nodes);
      case CLUSTER ->
          RedisClusterClient.builder()
              .nodes(nodes)
              .clientConfig(config)
              .poolConfig(pool())
              .maxAttempts(2)
              .maxTotalRetriesDuration(Duration.ofMillis(TIMEOUT_MS))
              .topologyRefreshPeriod(Duration.ofSeconds(5))
              .build();
    };
  }

  private static UnifiedJedis sentinel(
      RedisTarget target, JedisClientConfig config, Set<HostAndPort> sentinels) {
    return RedisSentinelClient.builder()
        .masterName(target.master())
        .sentinels(sentinels)
        // Sentinels are asked with the same login: an ACL user may be set for both or for none.
        .sentinelClientConfig(common(target).build())
        .clientConfig(config)
        .poolConfig(pool())
        .build();
  }

  private static JedisClientConfig config(RedisTarget target) {
    return common(target).database(target.database()).build();
  }

  private static DefaultJedisClientConfig.Builder common(RedisTarget target) {
    var config =
        DefaultJedisClientConfig.builder()
            .clientName("pointsman-plugin")
            .connectionTimeoutMillis(TIMEOUT_MS)
            .socketTimeoutMillis(TIMEOUT_MS)
            .blockingSocketTimeoutMillis(2 * TIMEOUT_MS) // by default it waits without end
            .resp2() // one shape of replies, whatever the server's version
            .user(target.user())
            .password(target.password());
    if (target.tls()) {
      // Checks the certificate and that it was issued for this host.
      config.sslOptions(SslOptions.builder().sslVerifyMode(SslVerifyMode.FULL).build());
    }
    return config;
  }

  private static GenericObjectPoolConfig<Connection> pool() {
    var pool = new ConnectionPoolConfig();
    pool.setMaxTotal(MAX_CONNECTIONS);
    pool.setMaxIdle(MAX_CONNECTIONS);
    pool.setMaxWait(Duration.ofMillis(TIMEOUT_MS)); // by default it waits without end
    pool.setJmxEnabled(false);
    return pool;
  }
}
