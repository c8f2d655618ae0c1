package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Envoy takes whatever the settings allow, in both forms of ADS. */
class XdsResourcesTest {
  /** Settings that lead to parts of Envoy's configuration which the defaults leave out. */
  private static final List<String> VARIATIONS =
      List.of(
          "gatewayPlugin: {addresses: ['localhost:1', '127.0.0.1:2'], httpAddresses: ['localhost:3']}",
          "gatewayPlugin: {addresses: ['[::1]:1', '127.0.0.1:2']}",
          "accessLog: {enabled: true}",
          "gatewayPlugin: {failOpen: false, statusOnError: 500, maxMessageTimeout: 0s}",
          "gatewayPlugin: {processingMode: {request: {body: None}, response: {headers: false}}}",
          "gatewayPlugin: {processingMode: {request: {body: BufferedPartial}}}",
          "gatewayPlugin: {processingMode: {request: {body: Streamed}, response: {body: Streamed}}}",
          "gatewayPlugin: {processingMode: {request: {body: FullDuplexStreamed}}}",
          """
          envoyPatchPolicy:
            route: {timeout: 0s, idleTimeout: 0s, perTryIdleTimeout: 0s, retries: 10}
            circuitBreakers: {maxConnections: 4294967295, maxPendingRequests: 0, perEndpoint: {maxConnections: 0}}
            connection: {idleTimeout: 0s, bufferLimit: 4294967295}
          """,
          """
          clientTrafficPolicy:
            connection: {bufferLimit: 1024, connectionLimit: {value: 4294967295}}
            http2: {maxConcurrentStreams: 2147483647, initialConnectionWindowSize: 2147483647}
            timeout: {http: {idleTimeout: 0s, streamIdleTimeout: 0s, requestReceivedTimeout: 99999h}}
          """,
          "clientTrafficPolicy: {connection: {bufferLimit: 2147483647}}",
          """
          backendTrafficPolicy: {circuitBreaker: {maxRequestsPerConnection: 1, maxParallelRetries: 0}}
          gatewayPlugin:
            extProc:
              backendSettings:
                circuitBreaker: {maxRequestsPerConnection: 4294967295}
                healthCheck: {passive: {consecutiveErrors: 0}, active: {interval: 100ms, timeout: 100ms}}
                retry: {numRetries: 0}
          """);

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everythingIsAcceptedAndNothingStaysWarming(boolean delta) throws Exception {
    try (var envoy = new XdsEnvoy(folder, delta, "")) {
      assertAllAccepted(envoy);
      for (String settings : VARIATIONS) {
        String before = envoy.controller().configVersion();
        envoy.write(settings);
        envoy
            .envoy()
            .awaitUntil(
                "acknowledged " + settings,
                Duration.ofSeconds(20),
                () ->
                    !envoy.controller().configVersion().equals(before)
                        && envoysBehind(envoy) == 0
                        && envoy.warming() == 0);
        assertAllAccepted(envoy);
      }
    }
  }

  private static void assertAllAccepted(XdsEnvoy envoy) {
    assertThat(envoy.envoy().configDump()).doesNotContain("error_state");
    assertThat(envoy.envoy().stats("update_rejected$").values()).isNotEmpty().containsOnly(0L);
    assertThat(envoy.warming()).isZero();
  }

  private static double envoysBehind(XdsEnvoy envoy) throws Exception {
    return XdsMetrics.value(envoy.controller(), "pointsman_xds_envoys_behind");
  }
}
