package io.pointsman.plugin.endpoint;

import static io.pointsman.plugin.endpoint.TestTopologies.endpoint;
import static io.pointsman.plugin.endpoint.TestTopologies.model;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Meter;
import io.pointsman.plugin.endpoint.EndpointHealth.Phase;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.proto.admin.v1.EndpointReport;
import io.pointsman.proto.admin.v1.State;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EndpointRegistryTest {
  private final RegistryTestbed bed = new RegistryTestbed(2);
  private final EndpointRegistry registry = bed.registry;

  @AfterEach
  void close() {
    bed.close();
  }

  private static EndpointSpec spec(String uid, String name, String address) {
    return new EndpointSpec(new EndpointKey(uid, 8000), name, address, true, null, Role.COMBINED);
  }

  private double inFlightGauge(String endpoint) {
    return bed.meters
        .get("pointsman.endpoint.in.flight")
        .tag("model", "m")
        .tag("endpoint", endpoint)
        .gauge()
        .value();
  }

  @Test
  void aTopologyIsInForceWhenApplyReturns() {
    registry.apply(model("m", endpoint(0, true), endpoint(1, false), endpoint(2, true)));

    assertThat(bed.pool().all())
        .extracting(Endpoint::name)
        .containsExactly("pod-0", "pod-1", "pod-2");
    assertThat(bed.pool().candidates())
        .extracting(Endpoint::name)
        .containsExactly("pod-0", "pod-2");
    assertThat(registry.pools().find("other")).isNull();
    assertThat(registry.pools().only()).isSameAs(bed.pool());
  }

  @Test
  void anEndpointKeepsItsCountsWhenNameAddressAndReadinessChange() {
    registry.apply(model("m", spec("uid-1", "before", "10.0.0.1:8000")));
    Endpoint endpoint = bed.endpoint(0);
    endpoint.reserve();

    registry.apply(model("m", spec("uid-1", "after", "10.0.0.9:8000")));

    assertThat(bed.endpoint(0)).isSameAs(endpoint);
    assertThat(endpoint.inFlight()).isEqualTo(1);
    assertThat(endpoint.requests()).isEqualTo(1);
    assertThat(endpoint.name()).isEqualTo("after");
    assertThat(endpoint.address()).isEqualTo("10.0.0.9:8000");
    assertThat(inFlightGauge("after")).isEqualTo(1);
    assertThat(bed.meters.find("pointsman.endpoint.in.flight").gauges()).hasSize(1);
  }

  @Test
  void adaptersThatEnginesTellOfAreKnownUntilAnotherContainerRuns() {
    for (Endpoint endpoint : bed.all()) {
      registry.loaded(endpoint, List.of("sql"));
    }
    await()
        .until(
            () -> {
              Pool pool = registry.pools().find("sql");
              return pool != null && pool.candidates().size() == 2;
            });
    var restarted =
        new EndpointSpec(
            bed.endpoint(0).key(),
            "pod-0",
            bed.endpoint(0).address(),
            true,
            null,
            Role.COMBINED,
            Map.of(),
            "another",
            List.of());
    registry.apply(model("m", restarted, endpoint(1, true)));

    assertThat(Objects.requireNonNull(registry.pools().find("sql")).candidates())
        .containsExactly(bed.endpoint(1));
  }

  @Test
  void aSnapshotThatSomebodyHoldsDoesNotChange() {
    Pool before = bed.pool();

    registry.apply(model("m", 0));

    assertThat(before.candidates()).hasSize(2);
    assertThat(bed.pool().all()).isEmpty();
  }

  @Test
  void requestsOnARemovedEndpointAreReleasedWithoutTrouble() {
    Endpoint endpoint = bed.endpoint(1);
    endpoint.reserve();

    registry.apply(model("m", 1));
    endpoint.release();
    registry.report(endpoint, Outcome.CONNECTION_FAILED);
    registry.report(endpoint, Outcome.CONNECTION_FAILED);
    registry.report(endpoint, Outcome.CONNECTION_FAILED);
    registry.advance();

    assertThat(endpoint.inFlight()).isZero();
    assertThat(endpoint.health().phase()).isEqualTo(Phase.READY);
    assertThat(bed.pool().all()).hasSize(1);
  }

  @Test
  void aKeyThatComesBackWithRequestsStillOutIsTheSameEndpoint() {
    Endpoint endpoint = bed.endpoint(1);
    endpoint.reserve();
    bed.fail(1);
    assertThat(endpoint.health().phase()).isEqualTo(Phase.SET_ASIDE);
    registry.apply(model("m", 1));
    registry.apply(model("m", 1));

    registry.apply(model("m", 2));

    assertThat(bed.endpoint(1)).isSameAs(endpoint);
    assertThat(endpoint.inFlight()).isEqualTo(1);
    assertThat(inFlightGauge("pod-1")).isEqualTo(1);
    assertThat(endpoint.health().phase()).as("health starts afresh").isEqualTo(Phase.READY);
    bed.fail(1);
    bed.pass(Duration.ofSeconds(5));
    assertThat(endpoint.health().phase()).as("the time begins small").isEqualTo(Phase.PROBATION);
  }

  @Test
  void aKeyThatComesBackAfterItsRequestsEndedIsNew() {
    Endpoint endpoint = bed.endpoint(1);
    endpoint.reserve();
    registry.apply(model("m", 1));
    endpoint.release();

    registry.apply(model("m", 2));

    assertThat(bed.endpoint(1)).isNotSameAs(endpoint);
    assertThat(bed.endpoint(1).requests()).isZero();
  }

  @Test
  void anEndpointOfAModelThatGoesAndComesBackCountsIntoTheNewMeters() {
    Endpoint endpoint = bed.endpoint(0);
    endpoint.reserve();
    registry.apply(new Topology(List.of()));
    assertThat(registry.pools().all()).isEmpty();
    assertThat(bed.meters.getMeters()).isEmpty();
    registry.report(endpoint, Outcome.UNAVAILABLE);

    registry.apply(model("m", 2));
    registry.report(bed.endpoint(0), Outcome.UNAVAILABLE);

    assertThat(bed.endpoint(0)).isSameAs(endpoint);
    assertThat(bed.count("pointsman.health.failures", "kind", "unavailable")).isEqualTo(1);
  }

  @Test
  void oneAddressUnderTwoModelsIsTwoEndpoints() {
    var both =
        new Topology(
            List.of(
                new ModelSpec("a", "vllm", List.of(endpoint(0, true)), ModelConfig.NONE),
                new ModelSpec("b", "vllm", List.of(endpoint(0, true)), ModelConfig.NONE)));

    registry.apply(both);

    Endpoint ofA = Objects.requireNonNull(registry.pools().find("a")).all().get(0);
    Endpoint ofB = Objects.requireNonNull(registry.pools().find("b")).all().get(0);
    ofA.reserve();
    assertThat(ofA.key()).isEqualTo(ofB.key());
    assertThat(ofB.inFlight()).isZero();
    assertThat(bed.meters.find("pointsman.endpoint.in.flight").gauges()).hasSize(2);
    assertThat(registry.pools().only()).isNull();
  }

  @Test
  void whatIsThereTwiceIsRefusedAndNothingChanges() {
    Pools before = registry.pools();

    assertThatThrownBy(() -> registry.apply(model("m", endpoint(5, true), endpoint(5, true))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there twice");
    var twice = new ModelSpec("x", "vllm", List.of(), ModelConfig.NONE);
    assertThatThrownBy(() -> registry.apply(new Topology(List.of(twice, twice))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("model x is there twice");

    assertThat(registry.pools()).isSameAs(before);
    assertThat(bed.meters.find("pointsman.endpoint.in.flight").gauges()).hasSize(2);
  }

  @Test
  void aNewPodAtAnOldPodsNameAndAddressHasItsOwnGauge() {
    registry.apply(model("m", spec("old", "pod-0", "10.0.0.1:8000")));
    bed.endpoint(0).reserve();

    registry.apply(model("m", spec("new", "pod-0", "10.0.0.1:8000")));

    assertThat(inFlightGauge("pod-0")).isZero();
    assertThat(bed.meters.find("pointsman.endpoint.in.flight").gauges()).hasSize(1);
  }

  @Test
  void podsThatSwapAddressesKeepTheirGauges() {
    registry.apply(
        model("m", spec("a", "pod-0", "10.0.0.1:8000"), spec("b", "pod-0", "10.0.0.2:8000")));
    bed.endpoint(0).reserve();

    registry.apply(
        model("m", spec("a", "pod-0", "10.0.0.2:8000"), spec("b", "pod-0", "10.0.0.1:8000")));

    assertThat(bed.meters.find("pointsman.endpoint.in.flight").gauges()).hasSize(2);
    assertThat(
            bed.meters
                .get("pointsman.endpoint.in.flight")
                .tag("address", "10.0.0.2:8000")
                .gauge()
                .value())
        .isEqualTo(1);
  }

  @Test
  void theStateGaugesAddUp() {
    registry.apply(
        model(
            "m",
            endpoint(0, true),
            endpoint(1, true),
            endpoint(2, true),
            endpoint(3, true),
            endpoint(4, false)));
    bed.fail(0);
    bed.pass(Duration.ofSeconds(5));
    bed.fail(1);

    assertThat(bed.states("ready")).isEqualTo(2);
    assertThat(bed.states("not_ready")).isEqualTo(1);
    assertThat(bed.states("set_aside")).isEqualTo(1);
    assertThat(bed.states("probation")).isEqualTo(1);
  }

  @Test
  void theReportTellsStateAndCounts() {
    registry.apply(
        model(
            "m",
            endpoint(0, true),
            endpoint(1, true),
            endpoint(2, true),
            endpoint(3, true),
            endpoint(4, false)));
    bed.endpoint(3).reserve();
    bed.endpoint(3).reserve();
    bed.endpoint(3).release();
    bed.report(3, Outcome.UNAVAILABLE);
    bed.fail(0);
    bed.pass(Duration.ofSeconds(5));
    bed.fail(1);
    bed.clock.pass(Duration.ofSeconds(2));

    var report = registry.describe();

    assertThat(report.getModelsCount()).isEqualTo(1);
    assertThat(report.getModels(0).getName()).isEqualTo("m");
    List<EndpointReport> endpoints = report.getModels(0).getEndpointsList();
    assertThat(endpoints)
        .extracting(EndpointReport::getState)
        .containsExactly(
            State.STATE_PROBATION,
            State.STATE_SET_ASIDE,
            State.STATE_READY,
            State.STATE_READY,
            State.STATE_NOT_READY);
    assertThat(endpoints.get(1).getSetAsideRemainingMs()).isEqualTo(3_000);
    assertThat(endpoints.get(1).getConsecutiveFailures()).isEqualTo(3);
    assertThat(endpoints.get(3))
        .isEqualTo(
            EndpointReport.newBuilder()
                .setName("pod-3")
                .setAddress("10.0.0.4:8000")
                .setState(State.STATE_READY)
                .setInFlight(1)
                .setRequests(2)
                .setConsecutiveFailures(1)
                .build());
  }

  @Test
  void nothingLeaksWhenEverythingGoes() {
    registry.apply(new Topology(List.of()));

    assertThat(bed.meters.getMeters()).isEmpty();
  }

  @Test
  void aClosedRegistryIgnoresWhatComesAndHasNoMeters() {
    Endpoint endpoint = bed.endpoint(0);

    registry.close();
    registry.apply(model("m", 5));
    registry.report(endpoint, Outcome.CONNECTION_FAILED);
    registry.report(endpoint, Outcome.CONNECTION_FAILED);
    registry.report(endpoint, Outcome.CONNECTION_FAILED);

    assertThat(bed.pool().candidates()).hasSize(2);
    assertThat(bed.meters.getMeters()).extracting(Meter::getId).isEmpty();
  }
}
