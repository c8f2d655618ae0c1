package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.redis.RedisCommands;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** Real Redis; each replica has its own registry, connection and clock. */
class InFlightSharingTest {
  private final RedisProcess redis = new RedisProcess();
  private final List<AutoCloseable> closeables = new ArrayList<>();

  @BeforeEach
  void startRedis() throws Exception {
    redis.start();
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable closeable : closeables) {
      closeable.close();
    }
    redis.close();
  }

  /** One plugin replica with two endpoints, ticked by hand. */
  private final class Replica implements RedisCommands {
    final EndpointRegistry registry =
        new EndpointRegistry(HealthSettings.DEFAULTS, new SimpleMeterRegistry());
    final AtomicLong nowMs = new AtomicLong(1_000_000);
    final InFlightSharing sharing;
    private final RedisMonitor real;
    private boolean cut;

    Replica(String name, String prefix) {
      registry.apply(
          new Topology(
              List.of(new ModelSpec("m", "vllm", List.of(spec(1), spec(2)), ModelConfig.NONE))));
      real =
          RedisMonitor.start(
              new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false),
              new SimpleMeterRegistry());
      await().until(real::isUp);
      sharing = new InFlightSharing(registry::pools, this, prefix, name, nowMs::get);
      closeables.add(real);
      closeables.add(registry);
    }

    @Override
    public <T> T run(String kind, Function<UnifiedJedis, T> command) {
      if (cut) {
        throw new JedisConnectionException("cut by the test");
      }
      return real.run(kind, command);
    }

    Endpoint endpoint(int i) {
      return Objects.requireNonNull(registry.pools().find("m")).all().get(i);
    }

    void tickAfter(long ms) {
      nowMs.addAndGet(ms);
      sharing.tick();
    }
  }

  private static EndpointSpec spec(int i) {
    String address = "10.0.0." + i + ":8000";
    return new EndpointSpec(
        new EndpointKey("10.0.0." + i, 8000),
        address,
        address,
        true,
        null,
        EndpointSpec.Role.COMBINED);
  }

  @Test
  void eachReplicaSeesTheSumOfTheOthersCounts() {
    var a = new Replica("a", "ns/one");
    var b = new Replica("b", "ns/one");
    var c = new Replica("c", "ns/one");
    a.endpoint(0).reserve();
    a.endpoint(0).reserve();
    b.endpoint(0).reserve();
    b.endpoint(1).reserve();
    a.sharing.tick();
    b.sharing.tick();
    c.sharing.tick();
    a.tickAfter(500);

    assertThat(c.endpoint(0).peerInFlight()).isEqualTo(3);
    assertThat(c.endpoint(1).peerInFlight()).isEqualTo(1);
    assertThat(b.endpoint(0).peerInFlight()).isEqualTo(2);
    assertThat(a.endpoint(0).peerInFlight()).as("its own are not among them").isEqualTo(1);
    assertThat(a.endpoint(0).inFlight()).isEqualTo(2);
  }

  @Test
  void aReleaseElsewhereIsSeen() {
    var a = new Replica("a", "ns/one");
    var b = new Replica("b", "ns/one");
    a.endpoint(0).reserve();
    a.sharing.tick();
    b.sharing.tick();
    assertThat(b.endpoint(0).peerInFlight()).isEqualTo(1);
    a.endpoint(0).release();
    a.tickAfter(50);
    b.tickAfter(200);
    assertThat(b.endpoint(0).peerInFlight()).isZero();
  }

  @Test
  void whatMayHaveArrivedSinceIsKnownFromTheRate() {
    var a = new Replica("a", "ns/one");
    var b = new Replica("b", "ns/one");
    a.endpoint(0).reserve();
    a.sharing.tick();
    b.sharing.tick();
    for (int i = 0; i < 5; i++) {
      a.endpoint(0).reserve();
      a.endpoint(0).release();
    }
    a.tickAfter(50);
    b.tickAfter(100);
    assertThat(b.endpoint(0).peerArrivals()).isEqualTo(5);
    assertThat(b.endpoint(1).peerArrivals()).isZero();
    b.tickAfter(100);
    assertThat(b.endpoint(0).peerArrivals()).as("nothing came since").isZero();
  }

  @Test
  void aReplicaThatFallsSilentIsGoneButOneWithALongStreamIsNot() {
    var quiet = new Replica("quiet", "ns/one");
    var dead = new Replica("dead", "ns/one");
    var reader = new Replica("reader", "ns/one");
    quiet.endpoint(0).reserve();
    dead.endpoint(0).reserve();
    quiet.sharing.tick();
    dead.sharing.tick();
    reader.sharing.tick();
    assertThat(reader.endpoint(0).peerInFlight()).isEqualTo(2);
    // "quiet" goes on with its signs of life, "dead" does not; the clock of Redis decides.
    await()
        .untilAsserted(
            () -> {
              quiet.tickAfter(500);
              reader.tickAfter(500);
              assertThat(reader.endpoint(0).peerInFlight()).isEqualTo(1);
            });
    dead.tickAfter(500);
    reader.tickAfter(500);
    assertThat(reader.endpoint(0).peerInFlight()).as("it was only cut off").isEqualTo(2);
  }

  @Test
  void aReplicaThatStopsTakesItsCountsAlong() {
    var a = new Replica("a", "ns/one");
    var b = new Replica("b", "ns/one");
    a.endpoint(0).reserve();
    a.sharing.tick();
    a.sharing.close();
    b.sharing.tick();
    assertThat(b.endpoint(0).peerInFlight()).isZero();
  }

  @Test
  void countsOfOthersFadeOutWhileRedisIsAwayAndComeBackWithIt() {
    var a = new Replica("a", "ns/one");
    var b = new Replica("b", "ns/one");
    for (int i = 0; i < 10; i++) {
      a.endpoint(0).reserve();
    }
    a.sharing.tick();
    b.sharing.tick();
    b.cut = true;
    b.tickAfter(InFlightSharing.FADE_MS / 2);
    assertThat(b.endpoint(0).peerInFlight()).isEqualTo(5);
    b.tickAfter(InFlightSharing.FADE_MS / 2);
    assertThat(b.endpoint(0).peerInFlight()).isZero();
    b.tickAfter(InFlightSharing.FADE_MS);
    assertThat(b.endpoint(0).peerInFlight()).isZero();
    b.cut = false;
    b.tickAfter(1_000);
    assertThat(b.endpoint(0).peerInFlight()).isEqualTo(10);
  }

  @Test
  void aRedisThatIsNotThereYetIsNoNewsButOneThatGoesIs() {
    var lines = new ListAppender<ILoggingEvent>();
    lines.start();
    var logger = (Logger) LoggerFactory.getLogger(InFlightSharing.class);
    logger.addAppender(lines);
    try {
      var a = new Replica("a", "ns/one");
      a.cut = true;
      a.sharing.tick();
      assertThat(lines.list).isEmpty();
      a.cut = false;
      a.sharing.tick();
      assertThat(lines.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.INFO);
      a.cut = true;
      a.tickAfter(1_000);
      a.tickAfter(1_000);
      assertThat(lines.list)
          .extracting(ILoggingEvent::getLevel)
          .containsExactly(Level.INFO, Level.WARN);
    } finally {
      logger.detachAppender(lines);
    }
  }

  @Test
  void releasesThatShareARedisDoNotMix() {
    var a = new Replica("a", "ns/one");
    var b = new Replica("b", "ns/two");
    a.endpoint(0).reserve();
    a.sharing.tick();
    b.sharing.tick();
    assertThat(b.endpoint(0).peerInFlight()).isZero();
  }

  @Test
  void aVectorThatNobodyCanReadIsSkipped() {
    var a = new Replica("a", "ns/one");
    var b = new Replica("b", "ns/one");
    a.endpoint(0).reserve();
    a.sharing.tick();
    b.real.run("test", client -> client.hset("ns/one/{in-flight}/vectors", "x", "\u0007garbage"));
    b.sharing.tick();
    assertThat(b.endpoint(0).peerInFlight()).isEqualTo(1);
  }

  @Test
  void anEndpointThatIsNotKnownHereDoesNoHarm() {
    var a = new Replica("a", "ns/one");
    var b = new Replica("b", "ns/one");
    b.registry.apply(
        new Topology(List.of(new ModelSpec("m", "vllm", List.of(spec(2)), ModelConfig.NONE))));
    a.endpoint(0).reserve();
    a.endpoint(1).reserve();
    a.sharing.tick();
    b.sharing.tick();
    assertThat(b.endpoint(0).peerInFlight()).isEqualTo(1);
  }
}
