package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.pointsman.plugin.endpoint.EndpointHealth.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * Random topologies, requests, outcomes and time, held against a plain model of what must be true
 * after each step.
 */
class EndpointRegistryRandomTest {
  private static final List<String> MODELS = List.of("a", "b", "c");
  private static final int KEYS = 12;
  private static final int STEPS = 1_500;

  private final Logger healthLog = (Logger) LoggerFactory.getLogger(PassiveHealth.class);

  /** Thousands of endpoints are set aside here; nobody wants to read about it. */
  @BeforeEach
  void silence() {
    healthLog.setLevel(Level.ERROR);
  }

  @AfterEach
  void speak() {
    healthLog.setLevel(null);
  }

  /** A request that is under way. */
  private record Request(Endpoint endpoint, long trial) {}

  /** What one run knows by itself. */
  private static final class Run {
    final SplittableRandom random;
    final RegistryTestbed bed;
    final List<Request> requests = new ArrayList<>();
    final Map<Endpoint, Integer> expectedInFlight = new HashMap<>();
    Map<String, Map<EndpointKey, Boolean>> expected = new LinkedHashMap<>();
    int step;

    Run(long seed) {
      random = new SplittableRandom(seed);
      var settings =
          new HealthSettings(
              true,
              2,
              Duration.ofSeconds(1),
              Duration.ofSeconds(20),
              0.3,
              random.nextBoolean() ? 0.5 : 0.3,
              2,
              Duration.ofMillis(200),
              Duration.ofSeconds(60));
      bed = new RegistryTestbed(settings, random.split());
    }

    void step() {
      int what = random.nextInt(100);
      if (what < 5) {
        apply();
      } else if (what < 35) {
        begin();
      } else if (what < 60) {
        end();
      } else if (what < 90) {
        report();
      } else {
        bed.pass(Duration.ofMillis(random.nextInt(4_000)));
      }
      bed.registry.advance();
      step++;
    }

    void apply() {
      Map<Identity, Endpoint> before = byIdentity();
      expected = new LinkedHashMap<>();
      List<ModelSpec> specs = new ArrayList<>();
      for (String model : MODELS) {
        if (random.nextInt(6) == 0) {
          continue;
        }
        var keys = new LinkedHashMap<EndpointKey, Boolean>();
        List<EndpointSpec> endpoints = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
          if (random.nextInt(4) != 0) {
            EndpointSpec spec = TestTopologies.endpoint(i, random.nextInt(5) != 0);
            endpoints.add(spec);
            keys.put(spec.key(), spec.ready());
          }
        }
        specs.add(new ModelSpec(model, "vllm", endpoints, ModelConfig.NONE));
        expected.put(model, keys);
      }
      bed.registry.apply(new Topology(specs));
      byIdentity()
          .forEach(
              (identity, endpoint) -> {
                Endpoint old = before.get(identity);
                assertThat(old == null || old == endpoint).as("%s kept", identity).isTrue();
              });
    }

    record Identity(String model, EndpointKey key) {}

    Map<Identity, Endpoint> byIdentity() {
      var map = new HashMap<Identity, Endpoint>();
      for (Pool pool : bed.registry.pools().all()) {
        pool.all()
            .forEach(endpoint -> map.put(new Identity(pool.model(), endpoint.key()), endpoint));
      }
      // One that was dropped is still the same as long as requests are out on it.
      for (Request request : requests) {
        Endpoint endpoint = request.endpoint();
        map.putIfAbsent(new Identity(endpoint.model(), endpoint.key()), endpoint);
      }
      return map;
    }

    void begin() {
      Pool pool = bed.registry.pools().find(MODELS.get(random.nextInt(MODELS.size())));
      if (pool == null) {
        return;
      }
      for (Endpoint endpoint : pool.probation()) {
        long trial = endpoint.tryBeginTrial(bed.clock.getAsLong());
        if (trial != 0) {
          add(endpoint, trial);
          return;
        }
      }
      if (!pool.candidates().isEmpty()) {
        add(pool.candidates().get(random.nextInt(pool.candidates().size())), 0);
      }
    }

    void add(Endpoint endpoint, long trial) {
      endpoint.reserve();
      requests.add(new Request(endpoint, trial));
      expectedInFlight.merge(endpoint, 1, Integer::sum);
    }

    void end() {
      if (!requests.isEmpty()) {
        Request request = requests.remove(random.nextInt(requests.size()));
        request.endpoint().endTrial(request.trial());
        request.endpoint().release();
        expectedInFlight.merge(request.endpoint(), -1, Integer::sum);
      }
    }

    /** Half of the endpoints are bad and mostly fail; the others mostly answer. */
    void report() {
      if (requests.isEmpty()) {
        return;
      }
      Endpoint endpoint = requests.get(random.nextInt(requests.size())).endpoint();
      boolean bad = endpoint.name().hashCode() % 2 == 0;
      int luck = random.nextInt(10);
      Outcome outcome =
          luck == 0
              ? Outcome.NEUTRAL
              : luck == 1 ^ bad
                  ? random.nextBoolean() ? Outcome.CONNECTION_FAILED : Outcome.UNAVAILABLE
                  : Outcome.ANSWERED;
      bed.registry.report(endpoint, outcome);
    }

    void check() {
      Pools pools = bed.registry.pools();
      assertThat(pools.all()).extracting(Pool::model).containsExactlyElementsOf(expected.keySet());
      for (Pool pool : pools.all()) {
        Map<EndpointKey, Boolean> keys = expected.getOrDefault(pool.model(), Map.of());
        assertThat(pool.all()).extracting(Endpoint::key).containsExactlyElementsOf(keys.keySet());
        checkStates(pool, keys);
      }
      expectedInFlight.forEach(
          (endpoint, count) -> assertThat(endpoint.inFlight()).isEqualTo(count).isNotNegative());
    }

    void checkStates(Pool pool, Map<EndpointKey, Boolean> keys) {
      Set<Endpoint> candidates = new HashSet<>(pool.candidates());
      Set<Endpoint> probation = new HashSet<>(pool.probation());
      int ready = 0;
      for (Endpoint endpoint : pool.all()) {
        boolean isReady = keys.getOrDefault(endpoint.key(), false);
        Phase phase = endpoint.health().phase();
        ready += isReady ? 1 : 0;
        assertThat(candidates.contains(endpoint)).isEqualTo(isReady && phase == Phase.READY);
        assertThat(probation.contains(endpoint)).isEqualTo(isReady && phase == Phase.PROBATION);
        checkDue(endpoint, phase);
      }
      assertThat(2 * pool.candidates().size())
          .as("at least half stay")
          .isGreaterThanOrEqualTo(ready);
    }

    /** Nobody is out for longer than the longest time. */
    void checkDue(Endpoint endpoint, Phase phase) {
      if (phase != Phase.SET_ASIDE) {
        return;
      }
      long now = bed.clock.getAsLong();
      long left = endpoint.health().dueAt() - now;
      assertThat(left).isBetween(1L, Duration.ofSeconds(20).toNanos());
    }

    /** When the trouble is over, everybody comes back and every count is zero. */
    void calmDown() {
      while (!requests.isEmpty()) {
        end();
      }
      for (int round = 0; round < 4; round++) {
        bed.pass(Duration.ofSeconds(20));
        for (Pool pool : bed.registry.pools().all()) {
          for (Endpoint endpoint : pool.all()) {
            bed.registry.report(endpoint, Outcome.ANSWERED);
            bed.registry.advance();
          }
        }
      }
      for (Pool pool : bed.registry.pools().all()) {
        for (Endpoint endpoint : pool.all()) {
          assertThat(endpoint.health().phase()).as("%s", endpoint).isEqualTo(Phase.READY);
        }
      }
      expectedInFlight.keySet().forEach(e -> assertThat(e.inFlight()).isZero());
      bed.registry.apply(new Topology(List.of()));
      assertThat(bed.meters.getMeters()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void nothingIsLostAndHalfStayWhateverHappens(long seed) {
    var run = new Run(seed);
    double setAside = 0;
    try {
      run.apply();
      while (run.step < STEPS) {
        run.step();
        run.check();
        setAside = Math.max(setAside, setAsideNow(run.bed));
      }
      run.calmDown();
    } catch (AssertionError e) {
      throw new AssertionError("seed %d, step %d".formatted(seed, run.step), e);
    } finally {
      run.bed.close();
    }
    assertThat(setAside).as("the run set endpoints aside").isPositive();
  }

  private static double setAsideNow(RegistryTestbed bed) {
    @Nullable Pool pool = bed.registry.pools().find("a");
    return pool == null
        ? 0
        : bed.meters
            .get("pointsman.endpoints")
            .tag("model", "a")
            .tag("state", "set_aside")
            .gauge()
            .value();
  }
}
