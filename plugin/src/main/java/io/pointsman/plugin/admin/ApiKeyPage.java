package io.pointsman.plugin.admin;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.pointsman.common.HttpCall;
import io.pointsman.common.HttpEndpoint;
import io.pointsman.common.HttpReply;
import io.pointsman.plugin.identity.ApiKey;
import io.pointsman.plugin.identity.ApiKeyStore;
import io.pointsman.plugin.identity.ApiKeyStore.Creation;
import io.pointsman.plugin.identity.AuditEvent;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.MasterKey;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Creates, lists and revokes API keys over HTTP, for whoever has the master key. Thread-safe.
 *
 * @param masterKey asked for with each request
 * @param store where keys are, or null where no Redis is set
 * @param audit told of each action and each refusal
 */
public record ApiKeyPage(MasterKey masterKey, @Nullable ApiKeyStore store, AuditLog audit) {
  private static final Logger log = LoggerFactory.getLogger(ApiKeyPage.class);

  private static final String PATH = "/internal/api-keys";
  private static final String ADMINISTRATOR = "master-key";

  /** What an action came to, for the client and for the audit log. */
  private record Outcome(HttpReply reply, String event, String what, @Nullable String why) {}

  /** By exact path. */
  public Map<String, HttpEndpoint> pages() {
    HttpEndpoint page = this::answer;
    return Map.of(PATH, page.withMethods("GET", "POST", "DELETE"));
  }

  private HttpReply answer(HttpCall call) {
    MasterKey.Check check = masterKey.check(call.peer(), call.authorization());
    if (check != MasterKey.Check.GOOD) {
      boolean tooMany = check == MasterKey.Check.TOO_MANY;
      int status = tooMany ? 429 : 401;
      String why = tooMany ? "too_many_wrong_master_keys" : "wrong_master_key";
      audit.record(AuditEvent.admin("admin_refused", AuditEvent.UNKNOWN, PATH, why, status));
      return tooMany
          ? error(status, "too many wrong master keys; try again in a second", null)
          : error(status, "this needs the master key: Authorization: Bearer <master key>", null);
    }
    Outcome outcome = act(call);
    audit.record(
        AuditEvent.admin(
            outcome.event(), ADMINISTRATOR, outcome.what(), outcome.why(), outcome.reply.status()));
    return outcome.reply();
  }

  private Outcome act(HttpCall call) {
    String event =
        switch (call.method()) {
          case "POST" -> "api_key_created";
          case "DELETE" -> "api_key_revoked";
          default -> "api_keys_listed";
        };
    if (store == null) {
      String message = "API keys are kept in Redis, and no Redis is set: see --redis-url";
      return new Outcome(error(501, message, null), event, PATH, "no_redis_is_set");
    }
    try {
      return switch (call.method()) {
        case "POST" -> create(store, ApiKeyRequest.read(call.body()));
        case "DELETE" -> revoke(store, ApiKeyRequest.nameToRevoke(call.query(), call.body()));
        default -> new Outcome(HttpReply.json(200, list(store) + "\n"), event, PATH, null);
      };
    } catch (IllegalArgumentException e) {
      return new Outcome(
          error(400, String.valueOf(e.getMessage()), null), event, PATH, "malformed");
    } catch (JedisException e) {
      log.warn("API keys could not be administered: reason={}", e.getMessage());
      String message = "Redis, where API keys are kept, does not answer";
      return new Outcome(error(503, message, "service_unavailable"), event, PATH, "redis_is_away");
    }
  }

  private static Outcome create(ApiKeyStore store, ApiKeyRequest request) {
    String event = "api_key_created";
    String name = request.name();
    Creation creation = store.create(name, request.user(), request.limits());
    if (creation instanceof Creation.Created created) {
      JsonObject json = describe(created.key());
      json.addProperty("key", created.secret());
      return new Outcome(HttpReply.json(201, json + "\n"), event, name, null);
    }
    boolean taken = creation instanceof Creation.NameTaken;
    String message =
        taken
            ? "there is a key of this name"
            : "there are " + ApiKeyStore.MAX_KEYS + " keys, which is the most there can be";
    return new Outcome(
        error(409, message, null), event, name, taken ? "name_taken" : "too_many_keys");
  }

  private static Outcome revoke(ApiKeyStore store, String name) {
    String event = "api_key_revoked";
    if (!store.revoke(name)) {
      return new Outcome(error(404, "there is no key of this name", null), event, name, "unknown");
    }
    var json = new JsonObject();
    json.addProperty("name", name);
    json.addProperty("deleted", true);
    return new Outcome(HttpReply.json(200, json + "\n"), event, name, null);
  }

  private static JsonObject list(ApiKeyStore store) {
    var data = new JsonArray();
    store.list().forEach(key -> data.add(describe(key)));
    var json = new JsonObject();
    json.addProperty("object", "list");
    json.add("data", data);
    return json;
  }

  private static JsonObject describe(ApiKey key) {
    var json = new JsonObject();
    json.addProperty("name", key.name());
    json.addProperty("user_id", key.user());
    json.addProperty("prefix", key.prefix());
    json.addProperty("created_at", key.createdAt());
    json.addProperty("requests_per_minute", key.limits().requestsPerMinute());
    json.addProperty("tokens_per_minute", key.limits().tokensPerMinute());
    json.addProperty("requests_in_flight", key.limits().requestsInFlight());
    return json;
  }

  /** In the form of the wire contract. */
  private static HttpReply error(int status, String message, @Nullable String code) {
    var error = new JsonObject();
    error.addProperty("message", message);
    error.addProperty(
        "type",
        switch (status) {
          case 401 -> "authentication_error";
          case 429 -> "rate_limit_error";
          case 503 -> "overloaded_error";
          case 501 -> "api_error";
          default -> "invalid_request_error";
        });
    error.addProperty("code", code);
    error.addProperty("param", (String) null);
    var json = new JsonObject();
    json.add("error", error);
    return HttpReply.json(status, json + "\n");
  }
}
