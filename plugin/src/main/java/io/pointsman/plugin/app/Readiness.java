package io.pointsman.plugin.app;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.grpc.BindableService;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this replica takes requests: once every condition is met, and until it drains. Shown by
 * the gRPC health service; thread-safe.
 */
final class Readiness {
  private static final Logger log = LoggerFactory.getLogger(Readiness.class);

  static final String LIVENESS_SERVICE = "liveness";
  static final String READINESS_SERVICE = "readiness";

  /** What has to happen before the first request. */
  enum Condition {
    LISTENING("starting"),
    DISCOVERED("no word from discovery yet"),
    WARM("warming up"),
    RECOVERED("reading back what other replicas know");

    private final String reasonWhileUnmet;

    Condition(String reasonWhileUnmet) {
      this.reasonWhileUnmet = reasonWhileUnmet;
    }
  }

  private static final List<String> SERVICES_THAT_FOLLOW =
      List.of(
          HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
          READINESS_SERVICE,
          ExternalProcessorGrpc.SERVICE_NAME);

  private final HealthStatusManager health = new HealthStatusManager();
  private final Set<Condition> unmet = EnumSet.allOf(Condition.class);
  private boolean draining;

  Readiness() {
    health.setStatus(LIVENESS_SERVICE, ServingStatus.SERVING);
    show(ServingStatus.NOT_SERVING);
  }

  /** The gRPC health service, for the server. */
  BindableService healthService() {
    return health.getHealthService();
  }

  synchronized void meet(Condition condition) {
    if (unmet.remove(condition) && unmet.isEmpty() && !draining) {
      show(ServingStatus.SERVING);
      log.info("ready");
    }
  }

  /** Not ready from now on. */
  synchronized void drain() {
    draining = true;
    show(ServingStatus.NOT_SERVING);
  }

  /** Why it is not ready; empty when it is. */
  synchronized List<String> reasons() {
    var reasons = new ArrayList<String>();
    if (draining) {
      reasons.add("draining");
    }
    for (Condition condition : unmet) {
      reasons.add(condition.reasonWhileUnmet);
    }
    return reasons;
  }

  private void show(ServingStatus status) {
    for (String service : SERVICES_THAT_FOLLOW) {
      health.setStatus(service, status);
    }
  }
}
