package io.pointsman.plugin.endpoint;

import io.pointsman.plugin.endpoint.EndpointHealth.Phase;
import io.pointsman.proto.admin.v1.EndpointReport;
import io.pointsman.proto.admin.v1.EndpointsReport;
import io.pointsman.proto.admin.v1.ModelReport;
import io.pointsman.proto.admin.v1.State;
import java.util.concurrent.TimeUnit;

/** Turns pools into the message of {@code GET /debug/endpoints}. */
final class EndpointReports {
  private EndpointReports() {}

  static EndpointsReport describe(Pools pools, long now) {
    var report = EndpointsReport.newBuilder();
    for (Pool pool : pools.all()) {
      var model = ModelReport.newBuilder().setName(pool.model());
      for (Endpoint endpoint : pool.all()) {
        model.addEndpoints(describe(endpoint, now));
      }
      report.addModels(model);
    }
    return report.build();
  }

  private static EndpointReport describe(Endpoint endpoint, long now) {
    EndpointHealth health = endpoint.health();
    Phase phase = health.phase();
    var report =
        EndpointReport.newBuilder()
            .setName(endpoint.name())
            .setAddress(endpoint.address())
            .setState(state(endpoint, phase))
            .setInFlight(endpoint.inFlight())
            .setRequests(endpoint.requests())
            .setPeerInFlight(endpoint.peerInFlight())
            .setConsecutiveFailures(health.failures());
    if (phase == Phase.SET_ASIDE) {
      long nanos = Math.max(0, health.dueAt() - now);
      report.setSetAsideRemainingMs(TimeUnit.NANOSECONDS.toMillis(nanos));
    }
    return report.build();
  }

  private static State state(Endpoint endpoint, Phase phase) {
    if (!endpoint.isReady()) {
      return State.STATE_NOT_READY;
    }
    return switch (phase) {
      case READY -> State.STATE_READY;
      case SET_ASIDE -> State.STATE_SET_ASIDE;
      case PROBATION -> State.STATE_PROBATION;
    };
  }
}
