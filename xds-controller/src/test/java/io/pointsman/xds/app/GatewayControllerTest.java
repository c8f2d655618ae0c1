package io.pointsman.xds.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.common.BindAddress;
import io.pointsman.xds.gateway.Cluster;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole program against fabric8's mock API server; a real one cannot run here. */
class GatewayControllerTest {
  private static final BindAddress ANY = new BindAddress("127.0.0.1", 0);

  @TempDir private Path folder;

  private final HttpClient http = HttpClient.newHttpClient();

  private String get(GatewayController controller, String path)
      throws IOException, InterruptedException {
    var uri = URI.create("http://127.0.0.1:" + controller.httpPort() + path);
    return http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(40));
  }

  @Test
  void changesOfTheFileAreAppliedAndBadOnesNeverReachTheApiServer() throws Exception {
    Path file = Files.writeString(folder.resolve("settings.yaml"), "{}");
    try (var cluster = new Cluster(folder);
        var controller = GatewayController.start(file, ANY, cluster.kubeconfig(), null, "one")) {
      await()
          .untilAsserted(
              () ->
                  assertThat(get(controller, "/readyz"))
                      .startsWith("ready\nconfig: " + controller.configVersion() + "\n")
                      .contains("settings: in force\n")
                      .contains("api server: in touch\n")
                      .contains("EnvoyPatchPolicy default/pointsman: in force\n"));
      int applied = cluster.policyChanges().size();

      Files.writeString(file, "clientTrafficPolicy: {http2: {maxConcurrentStreams: 1}}");
      await()
          .untilAsserted(
              () ->
                  assertThat(get(controller, "/readyz"))
                      .contains("settings: refused: " + file + ":1: ")
                      .contains("ClientTrafficPolicy default/pointsman: in force\n"));
      assertThat(cluster.policyChanges()).hasSize(applied);
      assertThat(get(controller, "/metrics"))
          .contains("pointsman_xds_settings_refused_total 1.0")
          .contains("pointsman_xds_settings_in_force 0.0");

      Files.writeString(file, "clientTrafficPolicy: {http2: {maxConcurrentStreams: 200}}");
      await()
          .untilAsserted(
              () ->
                  assertThat(
                          cluster.policyChanges().subList(applied, cluster.policyChanges().size()))
                      .containsExactly("PATCH clienttrafficpolicies/pointsman"));
      await()
          .untilAsserted(
              () ->
                  assertThat(get(controller, "/metrics"))
                      .contains("pointsman_gateway_apply_seconds_count 2")
                      .contains(
                          "pointsman_gateway_policy_condition{condition=\"in_force\","
                              + "kind=\"envoypatchpolicy\",policy=\"pointsman\"} 1.0")
                      .contains("pointsman_gateway_leading 1.0")
                      .contains("jvm_memory_used_bytes"));
    }
  }
}
