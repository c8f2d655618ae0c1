package io.pointsman.xds.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.pointsman.common.BindAddress;
import io.pointsman.common.ConfigException;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControllerTest {
  private static final BindAddress ANY = new BindAddress("127.0.0.1", 0);

  @TempDir private Path folder;

  private final HttpClient http = HttpClient.newHttpClient();

  private Path settings(String text) throws IOException {
    return Files.writeString(folder.resolve("settings.yaml"), text);
  }

  private HttpResponse<String> get(Controller controller, String path)
      throws IOException, InterruptedException {
    var uri = URI.create("http://127.0.0.1:" + controller.httpPort() + path);
    return http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
  }

  @Test
  void itShowsMetricsAndHealth() throws Exception {
    try (var controller = Controller.start(settings("{}"), ANY, ANY)) {
      assertThat(get(controller, "/healthz").statusCode()).isEqualTo(200);
      assertThat(get(controller, "/readyz").body())
          .isEqualTo("ready\nconfig: " + controller.configVersion() + "\nsettings: in force\n");
      assertThat(get(controller, "/metrics").body())
          .contains("pointsman_xds_envoys{protocol=\"delta\"} 0.0")
          .contains("pointsman_xds_pushes_total{type=\"cluster\"} 0.0")
          .contains("pointsman_xds_nacks_total{type=\"listener\"} 0.0")
          .contains("pointsman_xds_apply_seconds_bucket{type=\"route\",le=\"1.0\"} 0")
          .contains("pointsman_xds_settings_refused_total 0.0")
          .contains("pointsman_xds_settings_in_force 1.0")
          .contains("pointsman_xds_settings_age_seconds ")
          .contains("pointsman_xds_settings_info{version=\"" + controller.configVersion() + "\"} 1")
          .contains("jvm_memory_used_bytes");
    }
  }

  @Test
  void readinessTellsWhyTheFileIsNotInForce() throws Exception {
    Path file = settings("{}");
    try (var controller = Controller.start(file, ANY, ANY)) {
      Files.writeString(file, "what: 1");
      await()
          .untilAsserted(
              () ->
                  assertThat(get(controller, "/readyz").body())
                      .startsWith("ready\n")
                      .contains("settings: refused: " + file + ":1: what: unknown key"));
      assertThat(get(controller, "/readyz").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void itAnswersGrpcHealthChecks() throws Exception {
    try (var controller = Controller.start(settings("{}"), ANY, ANY)) {
      var channel =
          Grpc.newChannelBuilderForAddress(
                  "127.0.0.1", controller.xdsPort(), InsecureChannelCredentials.create())
              .build();
      try {
        var answer =
            HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .check(HealthCheckRequest.getDefaultInstance());
        assertThat(answer.getStatus()).isEqualTo(ServingStatus.SERVING);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  @Test
  void badSettingsAtStartAreRefusedAndLeaveNoPortOpen() throws IOException {
    Path file = settings("listener: {port: 0}");
    assertThatThrownBy(() -> Controller.start(file, ANY, ANY)).isInstanceOf(ConfigException.class);
  }

  @Test
  void aTakenPortIsAnError() throws IOException {
    Path file = settings("{}");
    try (var taken = new ServerSocket(0)) {
      var address = new BindAddress("", taken.getLocalPort());
      assertThatThrownBy(() -> Controller.start(file, address, ANY))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> Controller.start(file, ANY, address))
          .isInstanceOf(IOException.class);
    }
  }
}
