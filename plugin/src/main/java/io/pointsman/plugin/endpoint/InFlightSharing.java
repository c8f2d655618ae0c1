package io.pointsman.plugin.endpoint;

import com.google.protobuf.InvalidProtocolBufferException;
import io.pointsman.plugin.redis.RedisCommands;
import io.pointsman.proto.state.v1.EndpointId;
import io.pointsman.proto.state.v1.EndpointInFlight;
import io.pointsman.proto.state.v1.InFlightVector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Tells the other replicas how many requests are in flight here, and adds theirs to what routing
 * sees. Each replica keeps its whole count vector in one hash, and in one round trip writes its own
 * and reads all others. A replica that has not written for {@link #EXPIRY_MS} is dropped by whoever
 * writes next, by the clock of Redis. While Redis is away, the last known counts of the others fade
 * out over {@link #FADE_MS}.
 *
 * <p>Everything happens on one background thread; routing only reads two numbers of an endpoint.
 */
public final class InFlightSharing implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(InFlightSharing.class);

  /** A replica that is silent for so long is gone. Less than the 3 s that are promised. */
  static final long EXPIRY_MS = 2_500;

  /** Counts of others are trusted less and less for so long once they cannot be read. */
  static final long FADE_MS = 5_000;

  /** How often a look is taken whether anything has changed here. */
  static final long TICK_MS = 25;

  /** Longest time between two exchanges when nothing changes here but others are there. */
  private static final long LISTEN_MS = 100;

  /** Longest time between two exchanges at all: a sign of life. */
  private static final long HEARTBEAT_MS = 500;

  private static final int BYTES_PER_MS = 1_000;

  /** KEYS: vectors, signs of life. ARGV: replica, vector, expiry in ms. */
  private static final byte[] EXCHANGE =
      utf8(
          """
          local time = redis.call('TIME')
          local now = time[1] * 1000 + math.floor(time[2] / 1000)
          redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
          redis.call('ZADD', KEYS[2], now, ARGV[1])
          for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])) do
            redis.call('HDEL', KEYS[1], gone)
            redis.call('ZREM', KEYS[2], gone)
          end
          redis.call('PEXPIRE', KEYS[1], 60000)
          redis.call('PEXPIRE', KEYS[2], 60000)
          return redis.call('HGETALL', KEYS[1])
          """);

  private static final byte[] LEAVE =
      utf8("redis.call('HDEL', KEYS[1], ARGV[1]); return redis.call('ZREM', KEYS[2], ARGV[1])");

  private final Supplier<Pools> pools;
  private final RedisCommands redis;
  private final LongSupplier clockMs;
  private final List<byte[]> keys;
  private final byte[] replica;
  private final PeerCounts peers;
  private final ScheduledExecutorService thread;

  private byte[] lastSent = new byte[0];
  private long lastExchange;
  private boolean othersThere;

  /** Until it is known better, Redis is not there yet: no news at a healthy start. */
  private boolean failing = true;

  /**
   * @param keyPrefix begins every key; releases that share a Redis differ in it
   * @param replica this replica's own id, new with each start
   */
  public InFlightSharing(
      Supplier<Pools> pools, RedisCommands redis, String keyPrefix, String replica) {
    this(pools, redis, keyPrefix, replica, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
  }

  InFlightSharing(
      Supplier<Pools> pools,
      RedisCommands redis,
      String keyPrefix,
      String replica,
      LongSupplier clockMs) {
    this.pools = pools;
    this.redis = redis;
    this.clockMs = clockMs;
    this.replica = utf8(replica);
    // One hash tag, so that in a cluster both keys are on one node.
    keys = List.of(utf8(keyPrefix + "/{in-flight}/vectors"), utf8(keyPrefix + "/{in-flight}/live"));
    peers = new PeerCounts();
    lastExchange = clockMs.getAsLong() - HEARTBEAT_MS;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var created = new Thread(task, "in-flight-sharing");
              created.setDaemon(true);
              return created;
            });
  }

  /** Begins to share; returns at once. */
  public void start() {
    var unused = thread.scheduleWithFixedDelay(this::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
  }

  /** Takes this replica's counts away from Redis, and stops. */
  @Override
  public void close() {
    thread.shutdownNow();
    try {
      thread.awaitTermination(2, TimeUnit.SECONDS);
      redis.run("in-flight", client -> client.eval(LEAVE, keys, List.of(replica)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (JedisException e) {
      log.info("in-flight counts are left to expire: reason={}", e.getMessage());
    }
  }

  /** One look: exchanges vectors if it is time to. */
  void tick() {
    long now = clockMs.getAsLong();
    try {
      byte[] vector = vector();
      long waited = now - lastExchange;
      boolean changed = !Arrays.equals(vector, lastSent);
      // A large vector goes out less often, so that the traffic stays below 1 MB/s.
      if (waited < vector.length / BYTES_PER_MS) {
        return;
      }
      if (changed || waited >= (othersThere ? LISTEN_MS : HEARTBEAT_MS)) {
        exchange(vector, now);
      }
    } catch (JedisException e) {
      peers.fade(pools.get(), 1.0 - (double) (now - lastExchange) / FADE_MS);
      if (!failing) {
        failing = true;
        log.warn("in-flight counts are not shared: reason={}", e.getMessage());
      }
    } catch (RuntimeException e) {
      log.error("in-flight counts could not be shared", e);
    }
  }

  private void exchange(byte[] vector, long now) {
    List<byte[]> arguments = List.of(replica, vector, utf8(Long.toString(EXPIRY_MS)));
    Object reply = redis.run("in-flight", client -> client.eval(EXCHANGE, keys, arguments));
    List<InFlightVector> others = others((List<?>) reply);
    peers.apply(pools.get(), others, now - lastExchange);
    othersThere = !others.isEmpty();
    lastSent = vector;
    lastExchange = now;
    if (failing) {
      failing = false;
      log.info("in-flight counts are shared: replicas={}", others.size() + 1);
    }
  }

  private byte[] vector() {
    var vector = InFlightVector.newBuilder();
    for (Pool pool : pools.get().all()) {
      for (Endpoint endpoint : pool.all()) {
        long requests = endpoint.requests();
        if (requests > 0) {
          vector.addCounts(
              EndpointInFlight.newBuilder()
                  .setEndpoint(id(endpoint))
                  .setInFlight(endpoint.inFlight())
                  .setRequests(requests));
        }
      }
    }
    return vector.build().toByteArray();
  }

  private static EndpointId id(Endpoint endpoint) {
    return EndpointId.newBuilder()
        .setModel(endpoint.model())
        .setUid(endpoint.key().uid())
        .setPort(endpoint.key().port())
        .build();
  }

  /** The reply lists replica, vector, replica, vector and so on. */
  private List<InFlightVector> others(List<?> reply) {
    var vectors = new ArrayList<InFlightVector>();
    for (int i = 0; i + 1 < reply.size(); i += 2) {
      if (!Arrays.equals(replica, (byte[]) reply.get(i))) {
        try {
          vectors.add(InFlightVector.parseFrom((byte[]) reply.get(i + 1)));
        } catch (InvalidProtocolBufferException e) {
          log.debug("a vector that is not ours to read is skipped", e);
        }
      }
    }
    return vectors;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
