package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ports;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReplayTest {
  private final Ports ports = new Ports();
  private final ExecutorService executor = Executors.newFixedThreadPool(2);

  @AfterEach
  void tidyUp() {
    executor.shutdownNow();
    ports.close();
  }

  @Test
  void measuresWhatTheServerReports() {
    var trace = TraceGenerator.generate(TraceSettings.realistic(3, Duration.ofSeconds(40)));
    var statistics = TraceStatistics.of(trace, "m");
    try (var server = server(ServerSettings.instant("m"))) {
      List<Outcome> outcomes = Replay.run(trace, client(server, "m"), 50);

      assertThat(outcomes).hasSameSizeAs(trace.requests());
      assertThat(outcomes)
          .allSatisfy(
              outcome -> {
                assertThat(outcome.error()).isNull();
                assertThat(outcome.servedBy()).isEqualTo(server.address());
                assertThat(outcome.firstTokenNanos()).isPositive();
              });
      assertThat(outcomes.stream().mapToLong(Outcome::promptTokens).sum())
          .isEqualTo(statistics.promptTokens());
      // Requests that run side by side may miss what the other one is about to bring.
      assertThat(outcomes.stream().mapToLong(Outcome::cachedTokens).sum())
          .isBetween(statistics.cachedTokens() * 8 / 10, statistics.cachedTokens());
    }
  }

  @Test
  void aTurnWaitsForThePreviousAnswersEnd() {
    var first = new TraceRequest(0, 0, 0, 0, List.of(new Message("user", "why ")), 30);
    var second = new TraceRequest(1, 0, 1, 0, List.of(new Message("user", "and ")), 1);
    var other = new TraceRequest(2, 1, 0, 0, List.of(new Message("user", "who ")), 1);
    var trace =
        new Trace(TraceSettings.realistic(1, Duration.ofSeconds(1)), List.of(first, second, other));
    // 29 more tokens after the first one take 290 ms.
    try (var server = server(ServerSettings.instant("m").withDecodeRate(100))) {
      List<Outcome> outcomes = Replay.run(trace, client(server, "m"), 1);

      assertThat(outcomes).extracting(Outcome::error).containsOnlyNulls();
      assertThat(outcomes).extracting(Outcome::waited).containsExactly(false, true, false);
      // The second turn never runs beside the first one.
      assertThat(server.peakInFlight()).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void aFailureIsAnOutcomeAndDoesNotStopTheConversation() {
    var request = new TraceRequest(0, 0, 0, 0, List.of(new Message("user", "why ")), 1);
    var trace =
        new Trace(TraceSettings.realistic(1, Duration.ofSeconds(1)), List.of(request, request));
    try (var server = server(ServerSettings.instant("m"))) {
      server.inject(new Fault.Status(503));

      assertThat(Replay.run(trace, client(server, "m"), 1))
          .extracting(Outcome::error)
          .containsExactly("status 503", "status 503");

      server.inject(new Fault.Reset(Fault.Stage.AFTER_FIRST_BYTES));

      assertThat(Replay.run(trace, client(server, "m"), 1))
          .extracting(Outcome::error)
          .doesNotContainNull()
          .hasSize(2);
    }
  }

  private SampleModelServer server(ServerSettings settings) {
    return new SampleModelServer(settings, InetAddress.getLoopbackAddress(), ports.next()).start();
  }

  private StreamClient client(SampleModelServer server, String model) {
    return new StreamClient("http://" + server.address(), model, Map.of(), executor);
  }
}
