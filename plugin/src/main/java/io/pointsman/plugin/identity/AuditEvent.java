package io.pointsman.plugin.identity;

import com.google.gson.JsonObject;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A line of the {@linkplain AuditLog audit log}. Holds no key and nothing of a request's content.
 *
 * @param time when it was
 * @param event {@code request_rejected}, or what an administrator did, such as {@code
 *     api_key_created}
 * @param who {@code user:NAME}, {@code key:NAME}, {@code master-key}, {@code cli} or {@code
 *     unknown}
 * @param what the path of a request, or the name of the key or user that was administered
 * @param why the word by which Envoy's access log tells the same, or null where none is needed
 * @param status HTTP status that was answered; 0 where there is none
 * @param requestId id of the request, or null
 */
public record AuditEvent(
    Instant time,
    String event,
    String who,
    String what,
    @Nullable String why,
    int status,
    @Nullable String requestId) {

  /** Who is told where nobody is known. */
  public static final String UNKNOWN = "unknown";

  private static final int MAX_ID = 128;

  /** Something that an administrator did, or tried to. */
  public static AuditEvent admin(
      String event, String who, String what, @Nullable String why, int status) {
    return new AuditEvent(Instant.now(), event, who, ApiKey.withoutSecret(what), why, status, null);
  }

  /** A request that was refused. */
  public static AuditEvent rejected(
      @Nullable Identity who, String what, String why, int status, @Nullable String requestId) {
    String cut =
        requestId == null || requestId.length() <= MAX_ID
            ? requestId
            : requestId.substring(0, MAX_ID);
    String name = who == null ? UNKNOWN : who.label();
    return new AuditEvent(Instant.now(), "request_rejected", name, what, why, status, cut);
  }

  String toJson() {
    var json = new JsonObject();
    json.addProperty("time", time.toString());
    json.addProperty("event", event);
    json.addProperty("who", who);
    json.addProperty("what", what);
    if (why != null) {
      json.addProperty("why", why);
    }
    if (status != 0) {
      json.addProperty("status", status);
    }
    if (requestId != null) {
      json.addProperty("request_id", requestId);
    }
    return json.toString();
  }
}
