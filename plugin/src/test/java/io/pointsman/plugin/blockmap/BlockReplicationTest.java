package io.pointsman.plugin.blockmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.redis.RedisCommands;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.params.XAddParams;

/** Real Redis, several replicas in one JVM; the block map behind each is a plain set. */
@Timeout(120)
class BlockReplicationTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final EndpointSlots.Id POD =
      new EndpointSlots.Id("m", new EndpointKey("uid-1", 8000), "c-1");

  private final RedisProcess redis = new RedisProcess();
  private final List<Replica> replicas = new ArrayList<>();

  @BeforeEach
  void startRedis() throws Exception {
    redis.start();
  }

  @AfterEach
  void stop() throws Exception {
    replicas.forEach(Replica::close);
    redis.close();
  }

  /** One replica: a set of what it knows, and which endpoints it has heard of. */
  private final class Replica implements BlockSink, AutoCloseable {
    final Set<String> blocks = ConcurrentHashMap.newKeySet();
    final Set<EndpointSlots.Id> endpoints = ConcurrentHashMap.newKeySet();
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final RedisMonitor monitor;
    final BlockReplication replication;

    Replica(long id, ReplicationSettings settings) {
      endpoints.add(POD);
      monitor =
          RedisMonitor.start(
              new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false), meters);
      replication = new BlockReplication(settings, id, monitor, this, meters);
      replication.start();
      replicas.add(this);
    }

    @Override
    public boolean add(EndpointSlots.Id endpoint, long[] hashes, long ageMs) {
      if (!endpoints.contains(endpoint)) {
        return false;
      }
      LongStream.of(hashes).forEach(hash -> blocks.add(name(endpoint, hash)));
      return true;
    }

    @Override
    public boolean addOlder(EndpointSlots.Id endpoint, long[] hashes, long ageMs) {
      return add(endpoint, hashes, ageMs);
    }

    @Override
    public boolean knowsEndpoints() {
      return !endpoints.isEmpty();
    }

    @Override
    public boolean isFull() {
      return false;
    }

    @Override
    public void takeBack(EndpointSlots.Id endpoint, long[] hashes) {
      LongStream.of(hashes).forEach(hash -> blocks.remove(name(endpoint, hash)));
    }

    void tell(EndpointSlots.Id endpoint, long... hashes) {
      replication.tell(new BlockNews(endpoint, hashes, false));
    }

    void awaitBlocks(long... hashes) {
      for (long hash : hashes) {
        await().atMost(LONG).until(() -> blocks.contains(name(POD, hash)));
      }
    }

    double count(String meter) {
      return meters.get("pointsman.block.news." + meter).functionCounter().count();
    }

    @Override
    public void close() {
      replication.close();
      monitor.close();
    }
  }

  private static String name(EndpointSlots.Id endpoint, long hash) {
    return endpoint + "/" + hash;
  }

  private static ReplicationSettings settings(long format) {
    return new ReplicationSettings(
        "ns/release",
        1,
        format,
        Duration.ofMillis(5),
        100_000,
        64 << 20,
        Duration.ofMinutes(20),
        Duration.ofSeconds(5));
  }

  private Replica replica(long id) {
    return new Replica(id, settings(7));
  }

  @Test
  void whatOneLearnsTheOthersKnow() {
    Replica a = replica(1);
    Replica b = replica(2);
    a.tell(POD, 11, 12, 13);
    b.tell(POD, 21);
    b.awaitBlocks(11, 12, 13);
    a.awaitBlocks(21);
    assertThat(a.blocks).as("its own does not come back to it").hasSize(1);
  }

  @Test
  void whatIsTakenBackIsTakenBackEverywhere() {
    Replica a = replica(1);
    Replica b = replica(2);
    a.tell(POD, 11, 12);
    b.awaitBlocks(11, 12);
    a.replication.tell(new BlockNews(POD, new long[] {12}, true));
    await().atMost(LONG).until(() -> b.blocks.equals(Set.of(name(POD, 11))));
  }

  @Test
  void aReplicaThatStartsLaterReadsBackBeforeItIsReady() {
    Replica a = replica(1);
    Replica b = replica(2);
    long[] hashes = LongStream.range(0, 20_000).toArray();
    a.tell(POD, hashes);
    b.awaitBlocks(19_999);
    Replica late = replica(3);
    await().atMost(LONG).until(late.replication.recovery()::isDone);
    assertThat(late.blocks).hasSize(hashes.length);
    a.tell(POD, -1);
    late.awaitBlocks(-1);
  }

  @Test
  void whatWasTakenBackBeforeAReplicaStartsIsNotReadBackUnlessItWasLearntAgain() {
    Replica a = replica(1);
    Replica b = replica(2);
    a.tell(POD, 11, 12, 13);
    b.awaitBlocks(11, 12, 13);
    a.replication.tell(new BlockNews(POD, new long[] {12, 13}, true));
    await().atMost(LONG).until(() -> b.blocks.equals(Set.of(name(POD, 11))));
    a.tell(POD, 13);
    b.awaitBlocks(13);
    Replica late = replica(3);
    await().atMost(LONG).until(late.replication.recovery()::isDone);
    assertThat(late.blocks).isEqualTo(b.blocks);
  }

  @Test
  void readinessDoesNotWaitForARedisThatIsNotThere() throws Exception {
    redis.stop();
    Replica a = replica(1);
    await().atMost(LONG).until(a.replication.recovery()::isDone);
    redis.start();
    Replica b = replica(2);
    a.tell(POD, 11);
    b.awaitBlocks(11);
  }

  @Test
  void anUnforeseenFailureDoesNotEndTheReading() throws Exception {
    Replica a = replica(1);
    var failures = new AtomicInteger(2);
    var unsteady =
        new RedisCommands() {
          @Override
          public <T> T run(String kind, Function<UnifiedJedis, T> command) {
            if (failures.getAndDecrement() > 0) {
              throw new IllegalStateException("not foreseen");
            }
            return a.monitor.run(kind, command);
          }
        };
    var meters = new SimpleMeterRegistry();
    try (var reading = new BlockReplication(settings(7), 5, unsteady, a, meters)) {
      reading.start();
      await().atMost(LONG).until(reading.recovery()::isDone);
      Replica b = replica(2);
      b.tell(POD, 11);
      var received = meters.get("pointsman.block.news.received").functionCounter();
      await().atMost(LONG).until(() -> received.count() > 0);
    }
  }

  @Test
  void anEmptiedRedisIsFilledAgainByWhoIsThere() throws Exception {
    Replica a = replica(1);
    Replica b = replica(2);
    a.tell(POD, 11);
    b.tell(POD, 21);
    b.awaitBlocks(11);
    a.awaitBlocks(21);
    redis.stop();
    a.tell(POD, 12);
    redis.start();
    b.awaitBlocks(12);
    // A replica that has never seen the old Redis learns what was said before it was emptied.
    Replica late = replica(3);
    late.awaitBlocks(11, 12, 21);
  }

  @Test
  void aPausedRedisLosesNothing() throws Exception {
    Replica a = replica(1);
    Replica b = replica(2);
    a.tell(POD, 11);
    b.awaitBlocks(11);
    redis.pause();
    a.tell(POD, 12);
    await().atMost(LONG).until(() -> !a.monitor.isUp());
    redis.resume();
    b.awaitBlocks(12);
  }

  @Test
  void aFullRedisRefusesAndLaterTakesWhatWasKept() {
    Replica a = replica(1);
    Replica b = replica(2);
    a.tell(POD, 11);
    b.awaitBlocks(11);
    a.monitor.run("test", client -> client.configSet("maxmemory", "1"));
    a.tell(POD, 12);
    await()
        .atMost(LONG)
        .until(
            () ->
                a.meters
                        .get("redis.commands.duration")
                        .tag("command", "blocks-append")
                        .timer()
                        .count()
                    > 1);
    assertThat(b.blocks).doesNotContain(name(POD, 12));
    a.monitor.run("test", client -> client.configSet("maxmemory", "0"));
    b.awaitBlocks(12);
  }

  @Test
  void blocksOfAnEndpointNotYetKnownWaitForIt() {
    Replica a = replica(1);
    Replica b = replica(2);
    var newPod = new EndpointSlots.Id("m", new EndpointKey("uid-2", 8000), "");
    a.tell(newPod, 31);
    a.tell(POD, 11);
    b.awaitBlocks(11);
    assertThat(b.blocks).hasSize(1);
    b.endpoints.add(newPod);
    await().atMost(LONG).until(() -> b.blocks.contains(name(newPod, 31)));
  }

  @Test
  void blocksOfAnotherContainerOfAPodWaitLikeThoseOfAnotherPod() {
    Replica a = replica(1);
    Replica b = replica(2);
    var restarted = new EndpointSlots.Id(POD.model(), POD.key(), "c-2");
    a.tell(restarted, 31);
    a.tell(POD, 11);
    b.awaitBlocks(11);
    assertThat(b.blocks).hasSize(1);
    b.endpoints.add(restarted);
    await().atMost(LONG).until(() -> b.blocks.contains(name(restarted, 31)));
  }

  @Test
  void batchesOfAnotherFormatAreSkippedAndCounted() {
    Replica a = replica(1);
    var other = new Replica(2, settings(8));
    Replica b = replica(3);
    other.tell(POD, 99);
    a.tell(POD, 11);
    b.awaitBlocks(11);
    await().atMost(LONG).until(() -> b.count("skipped") == 1);
    assertThat(b.blocks).hasSize(1);
  }

  @Test
  void aLostBatchIsNoticed() {
    Replica a = replica(1);
    Replica b = replica(2);
    a.tell(POD, 11);
    b.awaitBlocks(11);
    var maker = new BatchMaker(settings(7).fingerprint(), 1);
    var news = List.of(new BlockNews(POD, new long[] {12}, false));
    maker.pack(news);
    maker.pack(news);
    byte[] third = maker.pack(news).get(0);
    a.monitor.run(
        "test",
        client ->
            client.xadd(
                "ns/release/{blocks-0}/stream".getBytes(StandardCharsets.UTF_8),
                XAddParams.xAddParams(),
                Map.of(StreamWriter.FIELD, third)));
    b.awaitBlocks(12);
    assertThat(b.count("gaps")).isEqualTo(1);
  }

  @Test
  void garbageInTheStreamIsSkipped() {
    Replica a = replica(1);
    Replica b = replica(2);
    await().atMost(LONG).until(a.monitor::isUp);
    a.monitor.run(
        "test",
        client ->
            client.xadd(
                "ns/release/{blocks-0}/stream",
                XAddParams.xAddParams(),
                Map.of("b", "\u0007garbage")));
    a.tell(POD, 11);
    b.awaitBlocks(11);
    assertThat(b.count("skipped")).isEqualTo(1);
  }

  @Test
  void entriesStayBelow16KiBAndLoseNothing() {
    long[] hashes = LongStream.range(0, 10_000).toArray();
    var maker = new BatchMaker(7, 1);
    Replica sink = replica(3);
    var reader = new BatchReader(sink, 7, 2, new WaitingBlocks(() -> 0));
    for (byte[] batch : maker.pack(List.of(new BlockNews(POD, hashes, false)))) {
      assertThat(batch).hasSizeLessThan(16 << 10);
      reader.read(batch, 0, true);
    }
    assertThat(sink.blocks).hasSize(hashes.length);
    assertThat(reader.gaps()).isZero();
  }
}
