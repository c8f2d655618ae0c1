package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EngineSignals;
import io.pointsman.plugin.endpoint.HandClock;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.Outcome;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Pools;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.TestTopologies;
import io.pointsman.plugin.routing.Decision.NeedsBody;
import io.pointsman.plugin.routing.Decision.NoEndpoints;
import io.pointsman.plugin.routing.Decision.NothingSelected;
import io.pointsman.plugin.routing.Decision.Routed;
import io.pointsman.plugin.routing.Decision.UnknownModel;
import io.pointsman.plugin.routing.Decision.UnknownStrategy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouterTest {
  private final HandClock clock = new HandClock();
  private final EndpointRegistry registry =
      new EndpointRegistry(
          HealthSettings.DEFAULTS, new SimpleMeterRegistry(), clock, new SplittableRandom(1));
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, new SimpleMeterRegistry());
  private final Router router = router(registry::pools, StrategyCatalog.standard(), "");

  @AfterEach
  void close() {
    prefixes.close();
    registry.close();
  }

  private Router router(Supplier<Pools> pools, StrategyCatalog catalog, String fallback) {
    var seeds = new SplittableRandom(5);
    return new Router(
        pools,
        catalog,
        new RoutingSettings(fallback, Duration.ofSeconds(30), true),
        prefixes,
        seeds::split,
        clock);
  }

  private static StrategyCatalog catalogWith(RoutingStrategy strategy) {
    return new StrategyCatalog(List.of(new RandomStrategy(), strategy));
  }

  private Pool pool() {
    return Objects.requireNonNull(registry.pools().find("m"));
  }

  private static Routed routed(Decision decision) {
    assertThat(decision).isInstanceOf(Routed.class);
    return (Routed) decision;
  }

  /** A strategy that a test writes as one expression. */
  private interface Pick {
    int of(CandidateView candidates);
  }

  private static RoutingStrategy strategy(boolean needsPrompt, Pick pick) {
    return new RoutingStrategy() {
      @Override
      public String name() {
        return "test";
      }

      @Override
      public boolean needsPrompt() {
        return needsPrompt;
      }

      @Override
      public int pick(RequestView request, CandidateView candidates) {
        return pick.of(candidates);
      }
    };
  }

  @Test
  void aRequestIsReservedOnTheChosenEndpointAndReleasedOnce() {
    registry.apply(TestTopologies.model("m", 1));

    Routed routed = routed(router.route(Requests.plain()));

    Endpoint endpoint = routed.reservation().endpoint();
    assertThat(endpoint).isSameAs(pool().all().get(0));
    assertThat(routed.strategy()).isEqualTo("random");
    assertThat(routed.profile()).isNull();
    assertThat(routed.reservation().isTrial()).isFalse();
    assertThat(endpoint.inFlight()).isEqualTo(1);
    routed.reservation().release();
    routed.reservation().release();
    assertThat(endpoint.inFlight()).isZero();
    assertThat(endpoint.requests()).isEqualTo(1);
  }

  @Test
  void anUnknownModelComesBeforeEverythingElse() {
    registry.apply(TestTopologies.model("m", 0));

    assertThat(router.route(new RouteRequest("n", Requests.headers("no-such", "auto"), null)))
        .isEqualTo(new UnknownModel("n"));
  }

  @Test
  void noReadyEndpointComesBeforeAnUnknownStrategy() {
    registry.apply(TestTopologies.model("m", TestTopologies.endpoint(0, false)));

    assertThat(router.route(Requests.withStrategy("no-such"))).isEqualTo(new NoEndpoints("m"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"no-such", "Random", "PD", "slo", "random,least-request", "random:2"})
  void anUnknownStrategyReservesNothing(String name) {
    registry.apply(TestTopologies.model("m", 3));

    assertThat(router.route(Requests.withStrategy(" " + name + " ")))
        .isEqualTo(new UnknownStrategy(name));
    assertThat(pool().all()).allMatch(endpoint -> endpoint.inFlight() == 0);
  }

  @Test
  void theHeadersStrategyApplies() {
    registry.apply(TestTopologies.model("m", 3));

    assertThat(routed(router.route(Requests.withStrategy(" least-request "))).strategy())
        .isEqualTo("least-request");
  }

  @Test
  void aLockHoldsWhateverTheHeaderSays() {
    var config = new ModelConfig("least-request", "default", Map.of());
    registry.apply(TestTopologies.model("m", config, 3));

    assertThat(routed(router.route(Requests.withStrategy("no-such"))).strategy())
        .isEqualTo("least-request");
    assertThat(routed(router.route(Requests.withStrategy("random"))).strategy())
        .isEqualTo("least-request");
  }

  @Test
  void aLockOnAnUnknownStrategyIsNotCircumvented() {
    var config = new ModelConfig("slo", "default", Map.of());
    registry.apply(TestTopologies.model("m", config, 3));

    assertThat(router.route(Requests.withStrategy("random"))).isEqualTo(new UnknownStrategy("slo"));
  }

  @Test
  void theProfilesStrategyAppliesAndItsNameIsTold() {
    var fast = new Profile("fast", "least-request", new Profile.Hints(null, null, null, null));
    registry.apply(
        TestTopologies.model("m", new ModelConfig(null, "default", Map.of("fast", fast)), 3));

    Routed routed = routed(router.route(Requests.withProfile("fast", null)));

    assertThat(routed.strategy()).isEqualTo("least-request");
    assertThat(routed.profile()).isEqualTo("fast");
    assertThat(routed(router.route(Requests.plain())).profile()).isNull();
  }

  @Test
  void autoNeedsTheBodyAndThenChooses() {
    var big = new Profile("big", "least-request", new Profile.Hints(10, null, null, null));
    registry.apply(
        TestTopologies.model("m", new ModelConfig(null, "default", Map.of("big", big)), 3));

    assertThat(router.route(Requests.withProfile("auto", null))).isEqualTo(new NeedsBody());
    assertThat(pool().all()).allMatch(endpoint -> endpoint.inFlight() == 0);
    assertThat(routed(router.route(Requests.withProfile("auto", Requests.body(40, -1)))).profile())
        .isEqualTo("big");
    assertThat(routed(router.route(Requests.withProfile("auto", Requests.body(4, -1)))).profile())
        .isNull();
  }

  @Test
  void aStrategyThatLooksAtThePromptNeedsTheBody() {
    registry.apply(TestTopologies.model("m", 3));
    var prompting = router(registry::pools, catalogWith(strategy(true, view -> 0)), "test");

    assertThat(prompting.route(Requests.plain())).isEqualTo(new NeedsBody());
    assertThat(pool().all()).allMatch(endpoint -> endpoint.inFlight() == 0);
    routed(
        prompting.route(new RouteRequest("m", Requests.headers(null, null), Requests.body(4, -1))));
  }

  @Test
  void theStrategyIsAskedAgainIfTheCountItReadHasChanged() {
    registry.apply(TestTopologies.model("m", 2));
    var asked = new AtomicInteger();
    var disturbed =
        strategy(
            false,
            view -> {
              int first = view.inFlight(0);
              if (asked.incrementAndGet() == 1) {
                pool().all().get(0).reserve();
              }
              return first == 0 ? 0 : 1;
            });

    Routed routed =
        routed(router(registry::pools, catalogWith(disturbed), "test").route(Requests.plain()));

    assertThat(asked).hasValue(2);
    assertThat(routed.reservation().endpoint()).isSameAs(pool().all().get(1));
    assertThat(pool().all()).extracting(Endpoint::inFlight).containsExactly(1, 1);
  }

  @Test
  void aChangeOfACountThatWasNotReadForThePickIsNoReasonToAskAgain() {
    registry.apply(TestTopologies.model("m", 2));
    var asked = new AtomicInteger();
    var disturbed =
        strategy(
            false,
            view -> {
              asked.incrementAndGet();
              view.inFlight(0);
              pool().all().forEach(Endpoint::reserve);
              return 1;
            });

    routed(router(registry::pools, catalogWith(disturbed), "test").route(Requests.plain()));

    assertThat(asked).hasValue(1);
    assertThat(pool().all()).extracting(Endpoint::inFlight).containsExactly(1, 2);
  }

  @Test
  void aCountReadInAnEarlierDecisionIsNoCondition() {
    registry.apply(TestTopologies.model("m", 1));
    var asked = new AtomicInteger();
    var readsOnce =
        strategy(
            false,
            view -> {
              if (asked.incrementAndGet() == 1) {
                view.inFlight(0);
              }
              return 0;
            });
    var reading = router(registry::pools, catalogWith(readsOnce), "test");

    for (int i = 0; i < 3; i++) {
      routed(reading.route(Requests.plain()));
    }

    assertThat(asked).hasValue(3);
    assertThat(pool().all().get(0).inFlight()).isEqualTo(3);
  }

  @Test
  void aPoolThatIsSwappedDuringTheScanDoesNotDisturbTheDecision() {
    registry.apply(TestTopologies.model("m", 5));
    List<Endpoint> before = pool().all();
    var swapping =
        strategy(
            false,
            view -> {
              view.inFlight(view.size() - 1);
              registry.apply(TestTopologies.model("m", 1));
              return view.size() - 1;
            });

    Routed routed =
        routed(router(registry::pools, catalogWith(swapping), "test").route(Requests.plain()));

    assertThat(routed.reservation().endpoint()).isSameAs(before.get(4));
    assertThat(before.get(4).inFlight()).isEqualTo(1);
    routed.reservation().release();
    assertThat(before.get(4).inFlight()).isZero();
  }

  @Test
  void poolsOfEverySizeAreRouted() {
    for (int size : new int[] {1, 2, 63, 64, 65, 1_000, 3}) {
      registry.apply(TestTopologies.model("m", size));
      for (String strategy : StrategyCatalog.standard().names()) {
        if (Objects.requireNonNull(StrategyCatalog.standard().find(strategy)).needsBody()) {
          continue;
        }
        Routed routed = routed(router.route(Requests.withStrategy(strategy)));
        assertThat(pool().all())
            .as("%s of %d", strategy, size)
            .contains(routed.reservation().endpoint());
        routed.reservation().release();
      }
    }
  }

  @Test
  void leastRequestFillsAThousandEndpointsEvenly() {
    registry.apply(TestTopologies.model("m", 1_000));

    for (int i = 0; i < 2_000; i++) {
      routed(router.route(Requests.withStrategy("least-request")));
    }

    assertThat(pool().all()).allMatch(endpoint -> endpoint.inFlight() == 2);
  }

  @Test
  void simultaneousRequestsAreSpreadExactlyEvenly() throws Exception {
    registry.apply(TestTopologies.model("m", 10));
    int threads = 50;
    var go = new CountDownLatch(1);
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Void>> running = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        Callable<Void> task =
            () -> {
              go.await();
              for (int i = 0; i < 20; i++) {
                routed(router.route(Requests.withStrategy("least-request")));
              }
              return null;
            };
        running.add(executor.submit(task));
      }
      go.countDown();
      for (Future<Void> future : running) {
        future.get(60, TimeUnit.SECONDS);
      }
    } finally {
      executor.shutdownNow();
    }

    assertThat(pool().all()).hasSize(10).allMatch(endpoint -> endpoint.inFlight() == 100);
    assertThat(pool().all()).allMatch(endpoint -> endpoint.requests() == 100);
  }

  @Test
  void aReservationReleasedByManyThreadsIsReleasedOnce() throws Exception {
    registry.apply(TestTopologies.model("m", 1));
    ExecutorService executor = Executors.newFixedThreadPool(8);
    try {
      for (int round = 0; round < 200; round++) {
        Reservation reservation = routed(router.route(Requests.plain())).reservation();
        List<Callable<Void>> releases = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          releases.add(
              () -> {
                reservation.release();
                return null;
              });
        }
        for (Future<Void> future : executor.invokeAll(releases, 60, TimeUnit.SECONDS)) {
          future.get();
        }
        assertThat(pool().all().get(0).inFlight()).as("round %d", round).isZero();
      }
    } finally {
      executor.shutdownNow();
    }
  }

  private static RouteRequest filtered(String strategy, String filter) {
    return new RouteRequest("m", new RouteHeaders(strategy, null, null, null, null, filter), null);
  }

  private void applyZones() {
    registry.apply(
        TestTopologies.model(
            "m",
            TestTopologies.labelled(0, "zone", "a"),
            TestTopologies.labelled(1, "zone", "b"),
            TestTopologies.labelled(2, "zone", "a"),
            TestTopologies.labelled(3, "zone", "b")));
  }

  @Test
  void anExternalFilterLeavesOnlyWhatItSelectsToEveryStrategy() {
    applyZones();
    pool().all().get(1).reserve();
    for (String strategy : StrategyCatalog.standard().names()) {
      if (Objects.requireNonNull(StrategyCatalog.standard().find(strategy)).needsBody()) {
        continue;
      }
      for (int i = 0; i < 20; i++) {
        Reservation reservation = routed(router.route(filtered(strategy, "zone=b"))).reservation();
        assertThat(reservation.endpoint().labels()).as(strategy).containsEntry("zone", "b");
        reservation.release();
      }
    }
    Reservation least = routed(router.route(filtered("least-request", "zone=b"))).reservation();
    assertThat(least.endpoint()).isSameAs(pool().all().get(3));
  }

  @Test
  void aFilterThatIsNoneOrSelectsNobodyIsToldApartFromAnEmptyPool() {
    applyZones();

    assertThat(router.route(filtered("random", "zone=c"))).isEqualTo(new NothingSelected("zone=c"));
    assertThat(router.route(filtered("random", "zone in")))
        .isEqualTo(new NothingSelected("zone in"));
    assertThat(pool().all()).allMatch(endpoint -> endpoint.inFlight() == 0);
  }

  @Test
  void aFilterThatIsNotAllowedHasNoEffect() {
    applyZones();
    var closed =
        new Router(registry::pools, StrategyCatalog.standard(), RoutingSettings.DEFAULTS, prefixes);

    routed(closed.route(filtered("random", "zone=c")));
    routed(closed.route(filtered("random", "zone in")));
  }

  @Test
  void aFilterHoldsForTrialsToo() {
    applyZones();
    putIntoProbation(() -> applyZones(), 1);

    assertThat(routed(router.route(filtered("random", "zone=a"))).reservation().isTrial())
        .isFalse();
    assertThat(routed(router.route(filtered("random", "zone=b"))).reservation().isTrial()).isTrue();
  }

  @Test
  void aSessionIsToldItsIdAndStaysWhereItBegan() {
    registry.apply(TestTopologies.model("m", 20));
    Routed first = routed(router.route(Requests.withStrategy("session-affinity")));
    String id = Objects.requireNonNull(first.session());
    assertThat(id).matches("[0-9a-f]{16}");
    for (int i = 0; i < 20; i++) {
      var headers = new RouteHeaders("session-affinity", null, null, id, null, null);
      Routed next = routed(router.route(new RouteRequest("m", headers, null)));
      assertThat(next.reservation().endpoint()).isSameAs(first.reservation().endpoint());
      assertThat(next.session()).isEqualTo(id);
    }
    assertThat(routed(router.route(Requests.withStrategy("random"))).session()).isNull();
  }

  @Test
  void aCombinationIsToldAsItWasAskedForAndCountedAsOne() {
    registry.apply(TestTopologies.model("m", 3));

    Routed routed = routed(router.route(Requests.withStrategy("least-request:2,throughput")));

    assertThat(routed.strategy()).isEqualTo("least-request:2,throughput");
    assertThat(routed.strategyName()).isEqualTo("weighted");
  }

  @Test
  void whatStrategiesHaveToDoWithoutIsCounted() {
    registry.apply(TestTopologies.model("m", 3));
    var meters = new SimpleMeterRegistry();
    router.bindTo(meters);

    routed(router.route(Requests.withStrategy("least-kv-cache")));

    assertThat(
            meters
                .get("pointsman.routing.unknown.signals")
                .tag("strategy", "least-kv-cache")
                .functionCounter()
                .count())
        .isEqualTo(3);
  }

  @Test
  void strategiesOnEngineSignalsAskForThemAndOthersDoNot() {
    registry.apply(TestTopologies.model("m", 2));
    Endpoint endpoint = pool().all().get(0);
    for (String strategy : List.of("random", "least-request", "power-of-two")) {
      routed(router.route(Requests.withStrategy(strategy)));
    }
    assertThat(endpoint.engineSignalsWanted(clock.getAsLong(), Long.MAX_VALUE)).isFalse();

    routed(router.route(Requests.withStrategy("least-gpu-cache")));

    assertThat(endpoint.engineSignalsWanted(clock.getAsLong(), Long.MAX_VALUE)).isTrue();
  }

  @Test
  void leastLatencyAsksEnginesWhoseAnswersItHasNotSeen() {
    registry.apply(TestTopologies.model("m", 2));
    Endpoint seen = pool().all().get(0);
    Endpoint unseen = pool().all().get(1);
    seen.observations().headersAfter(1_000_000_000L, clock.getAsLong());

    routed(router.route(Requests.withStrategy("least-latency"))).reservation().release();

    assertThat(seen.engineSignalsWanted(clock.getAsLong(), Long.MAX_VALUE)).isFalse();
    assertThat(unseen.engineSignalsWanted(clock.getAsLong(), Long.MAX_VALUE)).isTrue();
    long until = clock.getAsLong() + 3_000_000_000L;
    for (double[] told : new double[][] {{0.1, 1}, {5, 0}}) {
      unseen.engineSignals(
          new EngineSignals(until, 0, Double.NaN, Double.NaN, Double.NaN, told[0]));
      for (int i = 0; i < 20; i++) {
        Reservation reservation =
            routed(router.route(Requests.withStrategy("least-latency"))).reservation();
        assertThat(reservation.endpoint()).isSameAs(pool().all().get((int) told[1]));
        reservation.release();
      }
    }
  }

  @Test
  void theEmptiestCacheIsChosenByWhatItsEngineSays() {
    registry.apply(TestTopologies.model("m", 3));
    long until = clock.getAsLong() + 3_000_000_000L;
    double[] usage = {0.9, 0.2, 0.5};
    for (int i = 0; i < 3; i++) {
      pool()
          .all()
          .get(i)
          .engineSignals(new EngineSignals(until, 0, usage[i], Double.NaN, Double.NaN, Double.NaN));
    }
    for (int i = 0; i < 20; i++) {
      Reservation reservation =
          routed(router.route(Requests.withStrategy("least-kv-cache"))).reservation();
      assertThat(reservation.endpoint()).isSameAs(pool().all().get(1));
      reservation.release();
    }
  }

  private void putIntoProbation(int i) {
    putIntoProbation(() -> registry.apply(TestTopologies.model("m", pool().all().size())), i);
  }

  private void putIntoProbation(Runnable applySame, int i) {
    Endpoint endpoint = pool().all().get(i);
    for (int failure = 0; failure < HealthSettings.DEFAULTS.consecutiveFailures(); failure++) {
      registry.report(endpoint, Outcome.CONNECTION_FAILED);
    }
    // Applying waits until the failures were judged, and begins what is due.
    applySame.run();
    clock.pass(HealthSettings.DEFAULTS.baseTime());
    applySame.run();
    assertThat(pool().probation()).containsExactly(endpoint);
  }

  @Test
  void anEndpointInProbationIsTriedFirstAndOneRequestAtATime() {
    registry.apply(TestTopologies.model("m", 3));
    putIntoProbation(1);
    Endpoint onTrial = pool().all().get(1);

    Routed trial = routed(router.route(Requests.withStrategy("least-request")));
    assertThat(trial.reservation().endpoint()).isSameAs(onTrial);
    assertThat(trial.reservation().isTrial()).isTrue();
    assertThat(trial.strategy()).isEqualTo("least-request");
    assertThat(onTrial.inFlight()).isEqualTo(1);

    clock.pass(Duration.ofSeconds(2));
    for (int i = 0; i < 20; i++) {
      assertThat(routed(router.route(Requests.plain())).reservation().endpoint())
          .isNotSameAs(onTrial);
    }
  }

  @Test
  void aTrialThatEndsWithoutAnOutcomeGivesThePermitBack() {
    registry.apply(TestTopologies.model("m", 3));
    putIntoProbation(1);
    Endpoint onTrial = pool().all().get(1);

    Reservation first = routed(router.route(Requests.plain())).reservation();
    first.release();
    first.release();
    assertThat(onTrial.inFlight()).isZero();
    assertThat(routed(router.route(Requests.plain())).reservation().isTrial())
        .as("within the gap")
        .isFalse();
    clock.pass(HealthSettings.DEFAULTS.trialGap());

    Reservation second = routed(router.route(Requests.plain())).reservation();
    assertThat(second.isTrial()).isTrue();
    assertThat(second.endpoint()).isSameAs(onTrial);
  }

  @Test
  void aRejectedRequestTakesNoTrial() {
    registry.apply(TestTopologies.model("m", 3));
    putIntoProbation(1);

    assertThat(router.route(Requests.withStrategy("no-such"))).isInstanceOf(UnknownStrategy.class);

    assertThat(routed(router.route(Requests.plain())).reservation().isTrial()).isTrue();
  }

  @Test
  void whereOnlyProbationIsLeftAndBusyThereIsNoEndpoint() {
    registry.apply(TestTopologies.model("m", 3));
    putIntoProbation(1);
    Pool now = pool();
    var only =
        new Pools(
            List.of(
                new Pool("m", "vllm", now.config(), List.of(), now.probation(), now.probation())));
    var limited = router(() -> only, StrategyCatalog.standard(), "");

    assertThat(routed(limited.route(Requests.plain())).reservation().isTrial()).isTrue();
    assertThat(limited.route(Requests.plain())).isEqualTo(new NoEndpoints("m"));
  }
}
