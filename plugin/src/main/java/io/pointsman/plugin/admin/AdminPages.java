package io.pointsman.plugin.admin;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pointsman.common.HttpCall;
import io.pointsman.common.HttpEndpoint;
import io.pointsman.common.HttpReply;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.Pools;
import io.pointsman.plugin.extproc.RefusalReply;
import io.pointsman.plugin.identity.AuditEvent;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authentication;
import io.pointsman.plugin.identity.Authenticator;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What the plugin answers over HTTP, by exact path. Thread-safe.
 *
 * @param metrics shown as Prometheus text
 * @param endpoints gives the models and the state of their endpoints
 * @param authenticator asked for each look at the models, as for each request to one
 * @param audit told of looks at the models that were refused
 * @param readiness asked at each look
 */
public record AdminPages(
    PrometheusMeterRegistry metrics,
    EndpointRegistry endpoints,
    Authenticator authenticator,
    AuditLog audit,
    Supplier<ReadinessReport> readiness) {

  private static final String MODELS = "/v1/models";
  private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

  /** The owner that the wire contract names in the model list. */
  private static final String MODEL_OWNER = "aibrix";

  /** For whoever reaches the HTTP port. */
  public Map<String, HttpEndpoint> open() {
    return Map.of(
        "/metrics",
        this::metrics,
        "/healthz",
        call -> HttpReply.text(200, "ok\n"),
        "/readyz",
        this::readiness,
        MODELS,
        this::models);
  }

  /** For operators: tells addresses of pods. */
  public Map<String, HttpEndpoint> debug() {
    return Map.of("/debug/endpoints", this::debugEndpoints);
  }

  private HttpReply metrics(HttpCall call) {
    return HttpReply.of(200, PROMETHEUS_TEXT, metrics.scrape());
  }

  private HttpReply readiness(HttpCall call) {
    ReadinessReport report = readiness.get();
    var json = new JsonObject();
    json.addProperty("ready", report.isReady());
    var reasons = new JsonArray();
    report.reasons().forEach(reasons::add);
    json.add("reasons", reasons);
    report.details().forEach(json::addProperty);
    return HttpReply.json(report.isReady() ? 200 : 503, json + "\n");
  }

  private HttpReply models(HttpCall call) {
    if (authenticator.admit(call.authorization()) instanceof Authentication.Refused refused) {
      HttpReply refusal = RefusalReply.of(refused.why());
      String why = RefusalReply.auditedReason(refused.why());
      audit.record(AuditEvent.rejected(null, MODELS, why, refusal.status(), null));
      return refusal;
    }
    var data = new JsonArray();
    Pools pools = endpoints.pools();
    pools.all().forEach(pool -> data.add(model(pool.model())));
    pools
        .adapters()
        .forEach(
            (name, pool) -> {
              JsonObject adapter = model(name);
              adapter.addProperty("parent", pool.model());
              data.add(adapter);
            });
    var json = new JsonObject();
    json.addProperty("object", "list");
    json.add("data", data);
    return HttpReply.json(200, json.toString());
  }

  private static JsonObject model(String id) {
    var model = new JsonObject();
    model.addProperty("id", id);
    model.addProperty("object", "model");
    model.addProperty("created", 0);
    model.addProperty("owned_by", MODEL_OWNER);
    return model;
  }

  private HttpReply debugEndpoints(HttpCall call) throws InvalidProtocolBufferException {
    var printer = JsonFormat.printer().alwaysPrintFieldsWithNoPresence();
    return HttpReply.json(200, printer.print(endpoints.describe()) + "\n");
  }
}
