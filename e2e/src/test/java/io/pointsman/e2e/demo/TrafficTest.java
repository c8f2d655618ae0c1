package io.pointsman.e2e.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.GatewayClient;
import io.pointsman.e2e.harness.Ports;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrafficTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @Test
  void clientsPauseWhereNobodyAnswers() {
    try (var ports = new Ports()) {
      var figures = new Figures();
      var requests = SampleRequests.ofAllStrategies(List.of("a"));
      var nobody = new GatewayClient(ports.next());
      long start = System.nanoTime();
      try (var traffic =
          new Traffic(nobody, requests, Integer.MAX_VALUE, figures, (ask, reply) -> {})) {
        Await.until("requests have failed", LIMIT, () -> figures.withoutPod() >= 50);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      // Twelve clients, each with at most ten requests a second, and one more to begin with.
      assertThat(figures.withoutPod()).isLessThanOrEqualTo((long) (12 * (seconds * 10 + 1)));
    }
  }
}
