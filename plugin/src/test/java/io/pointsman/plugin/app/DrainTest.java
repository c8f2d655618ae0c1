package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.PluginFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.pointsman.plugin.extproc.FakeEnvoy;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DrainTest {
  @TempDir private Path folder;

  @Test
  void notReadyAtOnce_butServesOnForTheGraceTime() throws Exception {
    // Long enough that the grace time does not end before the test has looked.
    CompletableFuture<Void> drained;
    try (var fixture =
        PluginFixture.ready(
            folder, Map.of(Setting.DRAIN_GRACE, "10m", Setting.DRAIN_DEADLINE, "20m"))) {
      drained = drain(fixture);

      await().atMost(LONG).until(() -> fixture.get("/readyz").statusCode() == 503);
      assertThat(fixture.readyz().get("reasons").toString()).isEqualTo("[\"draining\"]");
      assertThat(fixture.get("/healthz").statusCode()).isEqualTo(200);
      assertThat(fixture.health("readiness")).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(fixture.health("")).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(fixture.health("envoy.service.ext_proc.v3.ExternalProcessor"))
          .isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(fixture.health("liveness")).isEqualTo(ServingStatus.SERVING);

      FakeEnvoy late = fixture.open().decided();
      assertThat(late.status()).isNull();
    }
    // Closing does not wait for the grace time.
    await().atMost(LONG).until(drained::isDone);
  }

  @Test
  void decidedStreamEndsWithOk_undecidedOneIsDecidedFirst() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      FakeEnvoy decided = fixture.open().decided();
      FakeEnvoy undecided = fixture.open().chatHeaders();
      assertThat(undecided.reply().hasRequestHeaders()).isTrue();
      CompletableFuture<Void> drained = drain(fixture);

      await().atMost(LONG).until(() -> decided.status() != null);
      assertThat(decided.ended().getCode()).isEqualTo(Status.Code.OK);
      assertThat(undecided.status()).isNull();
      assertThat(drained).isNotDone();

      undecided.body(FakeEnvoy.CHAT);
      assertThat(undecided.reply().hasRequestBody()).isTrue();
      await().atMost(LONG).until(() -> undecided.status() != null);
      assertThat(undecided.ended().getCode()).isEqualTo(Status.Code.OK);
      await().atMost(LONG).until(drained::isDone);
      assertThat(drained).isCompleted();
      assertThat(fixture.inFlight()).isZero();
    }
  }

  @Test
  void streamThatCannotBeLeftRunsToItsEnd() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      FakeEnvoy envoy =
          fixture
              .open()
              .modes(BodySendMode.BUFFERED, BodySendMode.FULL_DUPLEX_STREAMED)
              .decided()
              .responseHeaders(200);
      assertThat(envoy.reply().hasResponseHeaders()).isTrue();
      CompletableFuture<Void> drained = drain(fixture);
      await().atMost(LONG).until(() -> !fixture.readyz().get("ready").getAsBoolean());

      envoy.responseBody("the end", true);
      assertThat(envoy.reply().hasResponseBody()).isTrue();
      await().atMost(LONG).until(drained::isDone);
      assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    }
  }

  @Test
  void whatStillRunsAtTheDeadlineIsCut() throws Exception {
    var settings = Map.of(Setting.DRAIN_DEADLINE, "300ms");
    try (var fixture = PluginFixture.ready(folder, settings)) {
      FakeEnvoy undecided = fixture.open().chatHeaders();
      assertThat(undecided.reply().hasRequestHeaders()).isTrue();

      CompletableFuture<Void> drained = drain(fixture);

      await().atMost(LONG).until(() -> undecided.status() != null);
      assertThat(undecided.ended().getCode()).isIn(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);
      await().atMost(LONG).until(drained::isDone);
      assertThat(drained).isCompleted();
    }
  }

  @Test
  void newConnectionsAreRefusedAfterTheGraceTime() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of())) {
      drain(fixture).join();

      var channel = PluginFixture.channel(fixture.plugin.grpcPort());
      FakeEnvoy late = PluginFixture.open(channel).chatHeaders();
      await().atMost(LONG).until(() -> late.status() != null);
      assertThat(late.ended().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      channel.shutdownNow();
    }
  }

  private static CompletableFuture<Void> drain(PluginFixture fixture) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            fixture.plugin.drain();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
