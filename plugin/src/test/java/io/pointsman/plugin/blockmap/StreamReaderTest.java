package io.pointsman.plugin.blockmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.XAddParams;

/** A reader that takes a step when it is told to, on a real Redis; its clock is the test's. */
@Timeout(60)
class StreamReaderTest {
  private static final long MINUTE = 60_000;
  private static final EndpointSlots.Id POD =
      new EndpointSlots.Id("m", new EndpointKey("uid-1", 8000), "c-1");
  private static final ReplicationSettings SETTINGS =
      new ReplicationSettings(
          "ns/release",
          1,
          7,
          Duration.ofMillis(5),
          100_000,
          64 << 20,
          Duration.ofMinutes(20),
          Duration.ofSeconds(5));

  /** How old each block was said to be. */
  private static final class Ages implements BlockSink {
    final Map<Long, Long> byHash = new HashMap<>();

    @Override
    public boolean add(EndpointSlots.Id endpoint, long[] hashes, long ageMs) {
      for (long hash : hashes) {
        byHash.put(hash, ageMs);
      }
      return true;
    }

    @Override
    public boolean addOlder(EndpointSlots.Id endpoint, long[] hashes, long ageMs) {
      return add(endpoint, hashes, ageMs);
    }

    @Override
    public boolean knowsEndpoints() {
      return true;
    }

    @Override
    public boolean isFull() {
      return false;
    }

    @Override
    public void takeBack(EndpointSlots.Id endpoint, long[] hashes) {
      for (long hash : hashes) {
        byHash.remove(hash);
      }
    }
  }

  private final RedisProcess process = new RedisProcess();
  private final Ages ages = new Ages();
  private final AtomicLong clock = new AtomicLong(10_000);
  private final BatchMaker maker = new BatchMaker(SETTINGS.fingerprint(), 1);
  private RedisMonitor redis;
  private StreamReader reader;

  @BeforeEach
  void start() throws Exception {
    process.start();
    redis =
        RedisMonitor.start(
            new RedisTarget("127.0.0.1", process.port(), null, null, 0, false),
            new SimpleMeterRegistry());
    await().atMost(Duration.ofSeconds(20)).until(redis::isUp);
    var batches = new BatchReader(ages, SETTINGS.fingerprint(), 2, new WaitingBlocks(clock::get));
    var writer = new StreamWriter(SETTINGS, 0, 2, redis);
    reader = new StreamReader(SETTINGS, 0, redis, batches, ages, writer, clock::get);
  }

  @AfterEach
  void stop() throws Exception {
    redis.close();
    process.close();
  }

  private void append(long timeMs, long hash) {
    byte[] payload = maker.pack(List.of(new BlockNews(POD, new long[] {hash}, false))).get(0);
    byte[] key = SETTINGS.key(0, "stream").getBytes(StandardCharsets.UTF_8);
    redis.run(
        "test",
        client ->
            client.xadd(
                key,
                XAddParams.xAddParams().id(new StreamEntryID(timeMs, 0)),
                Map.of(StreamWriter.FIELD, payload)));
  }

  @Test
  void ageCountsFromNowEvenWhereNothingNewHasCome() {
    long now = System.currentTimeMillis();
    append(now - 30 * MINUTE, 1);
    append(now - 10 * MINUTE, 2);
    assertThat(reader.recover(Long.MAX_VALUE)).isEqualTo(1);
    append(now - 5 * MINUTE, 3);
    reader.follow();
    assertThat(ages.byHash).containsOnlyKeys(2L, 3L);
    assertThat(ages.byHash.get(2L)).isBetween(9 * MINUTE, 11 * MINUTE);
    assertThat(ages.byHash.get(3L)).isBetween(4 * MINUTE, 6 * MINUTE);
  }

  @Test
  void lagIsWhatIsStillToBeRead() {
    long begin = System.currentTimeMillis() - MINUTE;
    append(begin, 0);
    reader.recover(Long.MAX_VALUE);
    for (int i = 1; i <= 600; i++) {
      append(begin + 10L * i, i);
    }
    // Each step takes 256 entries; the look comes before it.
    assertLagAfterAStep(600);
    assertLagAfterAStep(344);
    assertLagAfterAStep(88);
    assertLagAfterAStep(0);
    assertThat(ages.byHash).hasSize(601);
  }

  private void assertLagAfterAStep(long entries) {
    reader.follow();
    assertThat(reader.lagEntries()).isEqualTo(entries);
    assertThat(reader.lagMs()).isEqualTo(10 * entries);
    clock.addAndGet(2_000);
  }

  @Test
  void lagGrowsWhileNothingCanBeRead() {
    append(System.currentTimeMillis(), 1);
    reader.recover(Long.MAX_VALUE);
    reader.follow();
    assertThat(reader.lagMs()).isZero();
    clock.addAndGet(7 * MINUTE);
    assertThat(reader.lagMs()).isEqualTo(7 * MINUTE);
    reader.follow();
    assertThat(reader.lagMs()).isZero();
  }
}
