package io.pointsman.plugin.endpoint;

import static io.pointsman.plugin.endpoint.EndpointHealth.Phase.READY;
import static io.pointsman.plugin.endpoint.EndpointHealth.Phase.SET_ASIDE;
import static io.pointsman.plugin.endpoint.Outcome.ANSWERED;
import static io.pointsman.plugin.endpoint.Outcome.UNAVAILABLE;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How many endpoints passive health may set aside at once. */
class SetAsideLimitTest {
  private static final Duration BASE = RegistryTestbed.SETTINGS.baseTime();

  private RegistryTestbed bed = new RegistryTestbed(4);

  @AfterEach
  void close() {
    bed.close();
  }

  @Test
  void neverMoreThanHalfOfTheReadyEndpointsAreOut() {
    for (int i = 0; i < 4; i++) {
      bed.fail(i);
    }

    assertThat(bed.pool().candidates()).containsExactly(bed.endpoint(2), bed.endpoint(3));
    assertThat(bed.count("pointsman.health.set.aside")).isEqualTo(2);
  }

  @Test
  void endpointsInProbationCountAsOut() {
    bed.fail(0);
    bed.fail(1);
    bed.pass(BASE);
    assertThat(bed.pool().probation()).hasSize(2);

    bed.fail(2);

    assertThat(bed.phase(2)).isEqualTo(READY);
  }

  @Test
  void theOnlyEndpointIsNeverSetAside() {
    bed.registry.apply(TestTopologies.model("m", 1));
    bed.fail(0);
    bed.fail(0);

    assertThat(bed.pool().candidates()).hasSize(1);
  }

  @Test
  void whenThereIsRoomAgainTheNextFailureSetsAside() {
    bed.fail(0);
    bed.fail(1);
    bed.fail(2);
    bed.pass(BASE);
    bed.report(0, ANSWERED, ANSWERED);

    bed.report(2, UNAVAILABLE);

    assertThat(bed.phase(2)).isEqualTo(SET_ASIDE);
  }

  @Test
  void whenReadyEndpointsGoTheOneDueSoonestComesBack() {
    bed.fail(2);
    bed.pass(Duration.ofSeconds(1));
    bed.fail(1);

    bed.registry.apply(
        TestTopologies.model(
            "m",
            TestTopologies.endpoint(0, false),
            TestTopologies.endpoint(1, true),
            TestTopologies.endpoint(2, true),
            TestTopologies.endpoint(3, true)));

    assertThat(bed.phase(2)).isEqualTo(READY);
    assertThat(bed.phase(1)).isEqualTo(SET_ASIDE);
    assertThat(bed.pool().candidates()).containsExactly(bed.endpoint(2), bed.endpoint(3));
  }

  @Test
  void whenAllGoodEndpointsGoTheOthersComeBack() {
    bed.fail(0);
    bed.fail(1);

    bed.registry.apply(
        TestTopologies.model(
            "m", TestTopologies.endpoint(0, true), TestTopologies.endpoint(1, true)));

    assertThat(bed.pool().candidates()).hasSize(1);
    bed.registry.apply(TestTopologies.model("m", TestTopologies.endpoint(1, true)));
    assertThat(bed.pool().candidates()).hasSize(1);
  }
}
