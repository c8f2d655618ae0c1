package io.pointsman.plugin.admin;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.JsonFormat;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pointsman.common.HttpCall;
import io.pointsman.common.HttpEndpoint;
import io.pointsman.common.HttpReply;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.identity.UserPolicy;
import io.pointsman.proto.admin.v1.EndpointsReport;
import io.pointsman.proto.admin.v1.State;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdminPagesTest {
  private final PrometheusMeterRegistry metrics =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final EndpointRegistry endpoints = new EndpointRegistry(HealthSettings.DEFAULTS, metrics);
  private ReadinessReport report = new ReadinessReport(List.of(), Map.of());
  private final AdminPages pages =
      new AdminPages(
          metrics, endpoints, Authenticator.open(metrics), AuditLog.off(metrics), () -> report);

  @AfterEach
  void close() {
    endpoints.close();
  }

  @Test
  void modelsAreThoseOfDiscoveryInItsOrder() throws Exception {
    endpoints.apply(
        new Topology(List.of(model("zephyr", pod("10.0.0.1:8000")), model("a \"quoted\" one"))));

    assertThat(text(open("/v1/models")))
        .isEqualTo(
            """
            {"object":"list","data":[\
            {"id":"zephyr","object":"model","created":0,"owned_by":"aibrix"},\
            {"id":"a \\"quoted\\" one","object":"model","created":0,"owned_by":"aibrix"}]}""");
  }

  @Test
  void adaptersComeBehindTheModelsAndNameTheirParent() throws Exception {
    EndpointSpec pod = pod("10.0.0.1:8000");
    endpoints.apply(
        new Topology(
            List.of(
                model(
                    "zephyr",
                    new EndpointSpec(
                        pod.key(),
                        pod.name(),
                        pod.address(),
                        true,
                        null,
                        pod.role(),
                        Map.of(),
                        "",
                        List.of("sql"))))));

    assertThat(text(open("/v1/models")))
        .isEqualTo(
            """
            {"object":"list","data":[\
            {"id":"zephyr","object":"model","created":0,"owned_by":"aibrix"},\
            {"id":"sql","object":"model","created":0,"owned_by":"aibrix","parent":"zephyr"}]}""");
  }

  @Test
  void noModelsIsAnEmptyList() throws Exception {
    assertThat(text(open("/v1/models"))).isEqualTo("{\"object\":\"list\",\"data\":[]}");
  }

  @Test
  void debugEndpointsIsTheRegistrysReportAsProto3Json() throws Exception {
    endpoints.apply(new Topology(List.of(model("llama", pod("[::1]:8000")))));
    endpoints.pools().all().iterator().next().all().get(0).reserve();

    HttpReply reply = answer(pages.debug(), "/debug/endpoints");

    var read = EndpointsReport.newBuilder();
    JsonFormat.parser().merge(text(reply), read);
    assertThat(read.build()).isEqualTo(endpoints.describe());
    assertThat(read.getModels(0).getEndpoints(0).getState()).isEqualTo(State.STATE_READY);
    assertThat(text(reply))
        .contains("\"address\": \"[::1]:8000\"", "\"inFlight\": 1", "\"consecutiveFailures\": 0");
  }

  @Test
  void whoHasNoKeyIsAuditedLikeARefusedRequest() throws Exception {
    var out = new ByteArrayOutputStream();
    var settings =
        new IdentitySettings(KeyHash.of("secret"), null, false, UserPolicy.OFF, true, false);
    try (var audit = AuditLog.to(out, metrics);
        var authenticator = Authenticator.start(settings, "test", null, metrics)) {
      var guarded = new AdminPages(metrics, endpoints, authenticator, audit, () -> report);
      assertThat(answer(guarded.open(), "/v1/models").status()).isEqualTo(401);
    }

    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .singleElement()
        .asString()
        .contains("\"what\":\"/v1/models\",\"why\":\"pointsman_missing_key\",\"status\":401");
  }

  @Test
  void readyIs200AndNotReadyIs503WithReasons() throws Exception {
    report =
        new ReadinessReport(List.of(), new TreeMap<>(Map.of("redis", "up", "discovery", "ok")));
    assertThat(open("/readyz").status()).isEqualTo(200);
    assertThat(text(open("/readyz")))
        .isEqualTo("{\"ready\":true,\"reasons\":[],\"discovery\":\"ok\",\"redis\":\"up\"}\n");

    report = new ReadinessReport(List.of("draining"), Map.of("redis", "off"));
    assertThat(open("/readyz").status()).isEqualTo(503);
    assertThat(text(open("/readyz")))
        .isEqualTo("{\"ready\":false,\"reasons\":[\"draining\"],\"redis\":\"off\"}\n");
  }

  @Test
  void livenessDoesNotDependOnReadiness() throws Exception {
    report = new ReadinessReport(List.of("draining"), Map.of());

    assertThat(open("/healthz").status()).isEqualTo(200);
  }

  @Test
  void metricsArePrometheusText() throws Exception {
    metrics.counter("pointsman.test").increment();

    HttpReply reply = open("/metrics");

    assertThat(reply.contentType()).startsWith("text/plain; version=0.0.4");
    assertThat(text(reply)).contains("\npointsman_test_total 1.0\n");
  }

  private HttpReply open(String path) throws Exception {
    return answer(pages.open(), path);
  }

  private static HttpReply answer(Map<String, HttpEndpoint> pages, String path) throws Exception {
    return requireNonNull(pages.get(path))
        .answer(new HttpCall(InetAddress.getLoopbackAddress(), "GET", null, null, ""));
  }

  private static String text(HttpReply reply) {
    return new String(reply.body(), StandardCharsets.UTF_8);
  }

  private static ModelSpec model(String name, EndpointSpec... pods) {
    return new ModelSpec(name, "vllm", List.of(pods), ModelConfig.NONE);
  }

  private static EndpointSpec pod(String address) {
    return new EndpointSpec(
        new EndpointKey(address, 8000), address, address, true, null, EndpointSpec.Role.COMBINED);
  }
}
