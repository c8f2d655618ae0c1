package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Await;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A change of settings disturbs no request, whatever it changes. */
class XdsChangesTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Settings, one of each kind of resource, and how they look in Envoy. */
  private static final List<String[]> CHANGES =
      List.of(
          change(
              "envoyPatchPolicy: {circuitBreakers: {maxRequests: 901}}", "\"max_requests\": 901"),
          change("envoyPatchPolicy: {route: {idleTimeout: 902s}}", "\"idle_timeout\": \"902s\""),
          change(
              "backendTrafficPolicy: {circuitBreaker: {maxPendingRequests: 903}}",
              "\"max_pending_requests\": 903"),
          change(
              "clientTrafficPolicy: {connection: {connectionLimit: {value: 904}}}",
              "\"max_connections\": \"904\""),
          change(
              "clientTrafficPolicy: {connection: {bufferLimit: 5Mi}}",
              "\"per_connection_buffer_limit_bytes\": 5242880"),
          change("gatewayPlugin: {$PLUGIN, messageTimeout: 9s}", "\"message_timeout\": \"9s\""),
          change(
              "gatewayPlugin: {$PLUGIN, extProc: {backendSettings: {circuitBreaker:"
                  + " {maxParallelRequests: 9067}}}}",
              "\"max_requests\": 9067"),
          change(
              "gatewayPlugin: {$PLUGIN, extProc: {backendSettings: {healthCheck: {active:"
                  + " {unhealthyThreshold: 908}}}}}",
              "\"unhealthy_threshold\": 908"));

  @TempDir private Path folder;

  private static String[] change(String settings, String inEnvoy) {
    return new String[] {settings, inEnvoy};
  }

  /** Settings that name the plugin's address. */
  private static String of(String settings, ScriptedPlugin plugin, boolean failOpen) {
    String address = "addresses: ['%s'], failOpen: %s".formatted(plugin.address(), failOpen);
    return settings.contains("$PLUGIN")
        ? settings.replace("$PLUGIN", address)
        : settings + "\ngatewayPlugin: {" + address + "}";
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noRequestFailsWhileSettingsChange(boolean delta) throws Exception {
    try (var pod = new EchoServer();
        var plugin = new ScriptedPlugin(pod.address());
        var envoy = new XdsEnvoy(folder, delta, of("", plugin, true))) {
      var failures = new ConcurrentLinkedQueue<String>();
      var answered = new AtomicInteger();
      var stopped = new AtomicBoolean();
      var clients = new ArrayList<Thread>();
      for (int i = 0; i < 8; i++) {
        clients.add(
            new Thread(
                () -> {
                  while (!stopped.get()) {
                    String failure = failureOf(envoy);
                    if (failure == null) {
                      answered.incrementAndGet();
                    } else {
                      failures.add(failure);
                    }
                  }
                }));
      }
      clients.forEach(Thread::start);
      for (String[] change : CHANGES) {
        envoy.write(of(change[0], plugin, true));
        envoy.awaitConfig(change[1]);
        int soFar = answered.get();
        Await.until("more are answered", LIMIT, () -> answered.get() > soFar + 20);
      }
      stopped.set(true);
      for (Thread client : clients) {
        client.join();
      }
      assertThat(failures).isEmpty();
      assertThat(envoy.envoy().stats("update_rejected$").values()).containsOnly(0L);
    }
  }

  private static @Nullable String failureOf(XdsEnvoy envoy) {
    try {
      HttpResponse<String> answer = envoy.post("/v1/completions", new byte[100]);
      return answer.statusCode() == 200 ? null : answer.statusCode() + " " + answer.body();
    } catch (Exception e) {
      return e.toString();
    }
  }

  /** With the filter closed, an answer whose ext_proc stream ends is cut. */
  @Test
  void aRunningAnswerOutlivesEveryChangeAndStaysInThePluginsSight() throws Exception {
    try (var pod = new EchoServer();
        var plugin = new ScriptedPlugin(pod.address());
        var envoy = new XdsEnvoy(folder, true, of("", plugin, false))) {
      CompletableFuture<HttpResponse<String>> held =
          envoy
              .http()
              .sendAsync(
                  envoy.request("/held").POST(BodyPublishers.ofString("12345")).build(),
                  BodyHandlers.ofString());
      Await.until("the answer has begun", LIMIT, () -> pod.waiting() == 1);
      for (String[] change : CHANGES) {
        envoy.write(of(change[0], plugin, false));
        envoy.awaitConfig(change[1]);
        assertThat(plugin.openStreams()).isEqualTo(1);
      }
      pod.release();
      HttpResponse<String> answer = held.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("got 5 in two parts");
      Await.until("the stream ends with the answer", LIMIT, () -> plugin.openStreams() == 0);
    }
  }

  @Test
  void newRequestsGoToTheNewPluginAtOnce() throws Exception {
    try (var pod = new EchoServer();
        var other = new EchoServer();
        var plugin = new ScriptedPlugin(pod.address());
        var next = new ScriptedPlugin(other.address());
        var envoy = new XdsEnvoy(folder, true, of("", plugin, true))) {
      assertThat(envoy.post("/", new byte[1]).statusCode()).isEqualTo(200);
      envoy.write(of("", next, true));
      // On the same connection: it does not matter which listener configuration that came by.
      Await.until(
          "the new plugin is asked",
          LIMIT,
          () -> {
            assertThat(envoy.post("/", new byte[2]).statusCode()).isEqualTo(200);
            return other.bodyLengths().contains(2);
          });
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatEnvoyRefusesIsCountedAndWhatItHadStays(boolean delta) throws Exception {
    try (var pod = new EchoServer();
        var plugin = new ScriptedPlugin(pod.address());
        var envoy = new XdsEnvoy(folder, delta, of("", plugin, true))) {
      // An address that no interface has: only Envoy can know.
      envoy.writeWhole("listener: {address: 203.0.113.7, port: 1}\n" + of("", plugin, true));
      Await.until(
          "the refusal is counted",
          LIMIT,
          () ->
              XdsMetrics.value(envoy.controller(), "pointsman_xds_nacks_total{type=\"listener\"}")
                  == 1);
      assertThat(envoy.post("/", new byte[1]).statusCode()).isEqualTo(200);

      envoy.write(of("clientTrafficPolicy: {connection: {bufferLimit: 7Mi}}", plugin, true));
      envoy.awaitConfig("\"per_connection_buffer_limit_bytes\": 7340032");
      assertThat(
              XdsMetrics.value(envoy.controller(), "pointsman_xds_nacks_total{type=\"listener\"}"))
          .isEqualTo(1);
    }
  }

  @Test
  void aBadFileChangesNothingInEnvoy() throws Exception {
    try (var pod = new EchoServer();
        var plugin = new ScriptedPlugin(pod.address());
        var envoy = new XdsEnvoy(folder, true, of("", plugin, true))) {
      Map<String, Long> before = envoy.envoy().stats("update_success$");
      envoy.write("envoyPatchPolicy: {route: {timeout: 2 minutes}}");
      Await.until(
          "the file is refused",
          LIMIT,
          () -> XdsMetrics.value(envoy.controller(), "pointsman_xds_settings_refused_total") == 1);
      assertThat(envoy.envoy().stats("update_success$")).isNotEmpty().isEqualTo(before);
      assertThat(envoy.post("/", new byte[1]).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void anEnvoyWhoseControllerIsGoneGoesOn() throws Exception {
    try (var pod = new EchoServer();
        var plugin = new ScriptedPlugin(pod.address());
        var envoy = new XdsEnvoy(folder, true, of("", plugin, true))) {
      envoy.controller().close();
      Await.until(
          "Envoy has noticed",
          LIMIT,
          () -> envoy.envoy().stat("control_plane.connected_state") == 0);
      assertThat(envoy.post("/", new byte[1]).statusCode()).isEqualTo(200);
    }
  }
}
