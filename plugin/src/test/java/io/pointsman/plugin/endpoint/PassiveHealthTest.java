package io.pointsman.plugin.endpoint;

import static io.pointsman.plugin.endpoint.EndpointHealth.Phase.PROBATION;
import static io.pointsman.plugin.endpoint.EndpointHealth.Phase.READY;
import static io.pointsman.plugin.endpoint.EndpointHealth.Phase.SET_ASIDE;
import static io.pointsman.plugin.endpoint.Outcome.ANSWERED;
import static io.pointsman.plugin.endpoint.Outcome.CONNECTION_FAILED;
import static io.pointsman.plugin.endpoint.Outcome.NEUTRAL;
import static io.pointsman.plugin.endpoint.Outcome.UNAVAILABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import java.time.Duration;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class PassiveHealthTest {
  private static final Duration BASE = RegistryTestbed.SETTINGS.baseTime();
  private static final Duration A_MOMENT = Duration.ofNanos(1);

  private RegistryTestbed bed = new RegistryTestbed(4);

  @AfterEach
  void close() {
    bed.close();
  }

  private void use(HealthSettings settings, RandomGenerator random, int endpoints) {
    bed.close();
    bed = new RegistryTestbed(settings, random);
    bed.registry.apply(TestTopologies.model("m", endpoints));
  }

  @Test
  void failuresInARowSetAnEndpointAside() {
    bed.report(1, CONNECTION_FAILED, UNAVAILABLE);
    assertThat(bed.pool().candidates()).hasSize(4);

    bed.report(1, UNAVAILABLE);

    assertThat(bed.phase(1)).isEqualTo(SET_ASIDE);
    assertThat(bed.pool().candidates())
        .containsExactly(bed.endpoint(0), bed.endpoint(2), bed.endpoint(3));
    assertThat(bed.pool().probation()).isEmpty();
    assertThat(bed.pool().all()).hasSize(4);
  }

  @Test
  void anAnswerBetweenFailuresBeginsTheCountAgain() {
    bed.report(0, UNAVAILABLE, UNAVAILABLE, ANSWERED, UNAVAILABLE, UNAVAILABLE);

    assertThat(bed.phase(0)).isEqualTo(READY);
    assertThat(bed.endpoint(0).health().failures()).isEqualTo(2);
  }

  @Test
  void neutralOutcomesNeitherCountNorReset() {
    bed.report(0, UNAVAILABLE, NEUTRAL, UNAVAILABLE, NEUTRAL, NEUTRAL, NEUTRAL);
    assertThat(bed.phase(0)).isEqualTo(READY);

    bed.report(0, UNAVAILABLE);
    assertThat(bed.phase(0)).isEqualTo(SET_ASIDE);
  }

  @Test
  void neutralOutcomesAloneNeverSetAside() {
    for (int i = 0; i < 1_000; i++) {
      bed.registry.report(bed.endpoint(0), NEUTRAL);
    }
    bed.registry.advance();

    assertThat(bed.phase(0)).isEqualTo(READY);
    assertThat(bed.endpoint(0).health().failures()).isZero();
  }

  @Test
  void whenItsTimeIsOverAnEndpointIsInProbation() {
    bed.fail(0);

    bed.pass(BASE.minus(A_MOMENT));
    assertThat(bed.phase(0)).isEqualTo(SET_ASIDE);

    bed.pass(A_MOMENT);
    assertThat(bed.phase(0)).isEqualTo(PROBATION);
    assertThat(bed.pool().probation()).containsExactly(bed.endpoint(0));
    assertThat(bed.pool().candidates()).hasSize(3).doesNotContain(bed.endpoint(0));
  }

  @Test
  void answersInARowEndProbation() {
    bed.fail(0);
    bed.pass(BASE);

    bed.report(0, ANSWERED);
    assertThat(bed.phase(0)).isEqualTo(PROBATION);
    bed.report(0, NEUTRAL, ANSWERED);

    assertThat(bed.phase(0)).isEqualTo(READY);
    assertThat(bed.pool().candidates()).hasSize(4);
    assertThat(bed.pool().probation()).isEmpty();
  }

  @Test
  void aFailureInProbationSetsAsideForTwiceAsLong() {
    bed.fail(0);
    bed.pass(BASE);
    bed.report(0, ANSWERED, CONNECTION_FAILED);
    assertThat(bed.phase(0)).isEqualTo(SET_ASIDE);

    bed.pass(BASE.multipliedBy(2).minus(A_MOMENT));
    assertThat(bed.phase(0)).isEqualTo(SET_ASIDE);
    bed.pass(A_MOMENT);
    assertThat(bed.phase(0)).isEqualTo(PROBATION);
    bed.report(0, ANSWERED);
    assertThat(bed.phase(0))
        .as("the answer before the failure does not count")
        .isEqualTo(PROBATION);
  }

  @Test
  void theTimeDoublesUpToItsLimit() {
    bed.fail(0);
    long[] seconds = {5, 10, 20, 40, 80, 160, 300, 300, 300};
    for (long expected : seconds) {
      bed.pass(Duration.ofSeconds(expected).minus(A_MOMENT));
      assertThat(bed.phase(0)).as("before %d s", expected).isEqualTo(SET_ASIDE);
      bed.pass(A_MOMENT);
      assertThat(bed.phase(0)).as("after %d s", expected).isEqualTo(PROBATION);
      bed.report(0, UNAVAILABLE);
    }
  }

  @Test
  void aReturnDoesNotForgetButALongGoodTimeDoes() {
    bed.fail(0);
    bed.pass(BASE);
    bed.report(0, ANSWERED, ANSWERED);
    bed.pass(RegistryTestbed.SETTINGS.forgetAfter().minus(A_MOMENT));
    bed.fail(0);
    bed.pass(BASE);
    assertThat(bed.phase(0)).as("set aside for 10 s").isEqualTo(SET_ASIDE);
    bed.pass(BASE);
    bed.report(0, ANSWERED, ANSWERED);

    bed.pass(RegistryTestbed.SETTINGS.forgetAfter());
    bed.fail(0);
    bed.pass(BASE);

    assertThat(bed.phase(0)).as("set aside for 5 s").isEqualTo(PROBATION);
  }

  @Test
  void jitterShortensTheTimeByUpToItsFraction() {
    var settings = withJitter(0.2);
    use(settings, () -> -1L, 4);
    bed.fail(0);
    bed.pass(Duration.ofMillis(3_999));
    assertThat(bed.phase(0)).isEqualTo(SET_ASIDE);
    bed.pass(Duration.ofMillis(2));
    assertThat(bed.phase(0)).isEqualTo(PROBATION);
  }

  private static HealthSettings withJitter(double jitter) {
    return new HealthSettings(
        true,
        3,
        BASE,
        Duration.ofMinutes(5),
        jitter,
        0.5,
        2,
        Duration.ofSeconds(1),
        Duration.ofMinutes(10));
  }

  @Test
  void readinessByDiscoveryDoesNotShortenTheTime() {
    bed.fail(0);
    bed.registry.apply(TestTopologies.model("m", TestTopologies.endpoint(0, false)));
    bed.registry.apply(TestTopologies.model("m", 4));

    assertThat(bed.phase(0)).isEqualTo(SET_ASIDE);
    assertThat(bed.pool().candidates()).hasSize(3);
  }

  @Test
  void outcomesWhileSetAsideChangeNothing() {
    bed.fail(0);
    bed.report(0, UNAVAILABLE, UNAVAILABLE, ANSWERED, ANSWERED);
    assertThat(bed.phase(0)).isEqualTo(SET_ASIDE);

    bed.pass(BASE);
    assertThat(bed.phase(0)).isEqualTo(PROBATION);
    assertThat(bed.count("pointsman.health.set.aside")).isEqualTo(1);
  }

  @Test
  void switchedOffItOnlyCounts() {
    var off = RegistryTestbed.SETTINGS;
    use(
        new HealthSettings(
            false,
            off.consecutiveFailures(),
            off.baseTime(),
            off.maxTime(),
            off.jitter(),
            off.maxSetAsideFraction(),
            off.probationSuccesses(),
            off.trialGap(),
            off.forgetAfter()),
        () -> 0L,
        4);
    bed.fail(0);

    assertThat(bed.phase(0)).isEqualTo(READY);
    assertThat(bed.count("pointsman.health.failures", "kind", "connection_failed")).isEqualTo(2);
  }

  @Test
  void failuresAndTrialsAreCounted() {
    bed.fail(0);
    bed.pass(BASE);
    Endpoint endpoint = bed.endpoint(0);
    endpoint.endTrial(endpoint.tryBeginTrial(bed.clock.getAsLong()));
    bed.pass(Duration.ofSeconds(1));
    endpoint.tryBeginTrial(bed.clock.getAsLong());
    bed.report(0, ANSWERED);
    bed.pass(Duration.ofSeconds(1));
    endpoint.tryBeginTrial(bed.clock.getAsLong());
    bed.report(0, UNAVAILABLE);

    assertThat(bed.count("pointsman.health.trials", "result", "neutral")).isEqualTo(1);
    assertThat(bed.count("pointsman.health.trials", "result", "answered")).isEqualTo(1);
    assertThat(bed.count("pointsman.health.trials", "result", "failed")).isEqualTo(1);
    assertThat(bed.count("pointsman.health.set.aside", "model", "m")).isEqualTo(2);
    assertThat(bed.count("pointsman.health.failures", "kind", "connection_failed")).isEqualTo(2);
    assertThat(bed.count("pointsman.health.failures", "kind", "unavailable")).isEqualTo(2);
  }

  @Test
  void eachSettingAsideAndEachReturnIsOneLogLine() {
    var lines = new ListAppender<ILoggingEvent>();
    var logger = (Logger) LoggerFactory.getLogger(PassiveHealth.class);
    lines.start();
    logger.addAppender(lines);
    try {
      bed.fail(0);
      bed.report(0, UNAVAILABLE, UNAVAILABLE);
      bed.pass(BASE);
      bed.report(0, ANSWERED, ANSWERED, ANSWERED);
    } finally {
      logger.detachAppender(lines);
    }

    assertThat(lines.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "endpoint set aside model=m endpoint=pod-0 address=10.0.0.1:8000"
                + " reason=\"failures in a row\" failures=3 times=1 for_ms=5000",
            "endpoint takes requests again model=m endpoint=pod-0 address=10.0.0.1:8000"
                + " reason=\"passed probation\"");
  }

  @Test
  void probationBeginsByItselfWhenNobodyAsks() {
    var settings =
        new HealthSettings(
            true,
            1,
            Duration.ofMillis(20),
            Duration.ofMillis(20),
            0,
            0.5,
            1,
            Duration.ZERO,
            Duration.ZERO);
    try (var registry = new EndpointRegistry(settings, new SimpleMeterRegistry())) {
      registry.apply(TestTopologies.model("m", 2));
      Endpoint endpoint = Objects.requireNonNull(registry.pools().find("m")).all().get(0);
      registry.report(endpoint, CONNECTION_FAILED);

      await()
          .untilAsserted(
              () ->
                  assertThat(Objects.requireNonNull(registry.pools().find("m")).probation())
                      .containsExactly(endpoint));
      registry.report(endpoint, ANSWERED);
      await()
          .untilAsserted(
              () ->
                  assertThat(Objects.requireNonNull(registry.pools().find("m")).candidates())
                      .hasSize(2));
    }
  }

  @Test
  void prefillAndDecodePodsAreCountedApart() {
    var specs = new EndpointSpec[8];
    for (int i = 0; i < specs.length; i++) {
      EndpointSpec plain = TestTopologies.endpoint(i, true);
      specs[i] =
          new EndpointSpec(
              plain.key(),
              plain.name(),
              plain.address(),
              true,
              "red",
              i < 4 ? Role.PREFILL : Role.DECODE);
    }
    bed.registry.apply(TestTopologies.model("m", specs));
    for (int i = 0; i < 4; i++) {
      bed.fail(i);
    }

    assertThat(bed.pool().candidates())
        .as("half of the prefill pods, and every decode pod")
        .containsExactlyElementsOf(bed.all().subList(2, 8));

    // Two of the prefill pods that are left go: of the rest one may be out.
    bed.registry.apply(
        TestTopologies.model("m", specs[0], specs[1], specs[4], specs[5], specs[6], specs[7]));
    bed.registry.advance();
    assertThat(bed.pool().candidates()).hasSize(5);
  }
}
