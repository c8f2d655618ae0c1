package io.pointsman.e2e.modelserver;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** What the protocols have in common. */
final class TransferRules {
  private static final Set<String> FIELDS =
      Set.of(
          "kv_transfer_params",
          "disagg_prefill_resp",
          "bootstrap_host",
          "bootstrap_port",
          "bootstrap_room",
          "disaggregated_params");

  private TransferRules() {}

  /** Refuses the fields of other protocols than that with these. */
  static void refuseAllBut(JsonObject body, String... own) throws BadRequest {
    for (String field : FIELDS) {
      if (body.has(field) && !List.of(own).contains(field)) {
        throw new BadRequest("Extra inputs are not permitted: " + field);
      }
    }
  }

  /** A request to a prefill server asks for one token, whole, and nothing that contradicts that. */
  static void requireOneToken(JsonObject body) throws BadRequest {
    if (Json.isTrue(body, "stream")) {
      throw new BadRequest("stream must be false where only the prompt is computed");
    }
    if (Json.has(body, "stream_options")) {
      throw new BadRequest("Stream options can only be defined when `stream=True`.");
    }
    if (!isOne(body.get("max_tokens"))
        || (Json.has(body, "max_completion_tokens") && !isOne(body.get("max_completion_tokens")))) {
      throw new BadRequest("max_tokens must be 1 where only the prompt is computed");
    }
    Long least = Json.number(body, "min_tokens");
    if (least != null && least > 1) {
      throw new BadRequest("min_tokens must be less than or equal to max_tokens=1");
    }
  }

  /** Holds a KV cache against the request that fetched it. */
  static CompletableFuture<KvCopy> samePrompt(ApiCall call, KvCopy copy) {
    return copy.equals(KvCopy.of(call))
        ? CompletableFuture.completedFuture(copy)
        : CompletableFuture.failedFuture(
            new TransferFailure("this is the KV cache of another prompt"));
  }

  /** A member that is an object, or an empty object if it is not there. */
  static JsonObject object(JsonObject body, String key) throws BadRequest {
    JsonElement value = Json.has(body, key) ? body.get(key) : new JsonObject();
    if (value instanceof JsonObject object) {
      return object;
    }
    throw new BadRequest("Input should be a valid dictionary: " + key);
  }

  private static boolean isOne(JsonElement value) {
    return value instanceof JsonPrimitive number
        && number.isNumber()
        && Objects.equals(number.getAsString(), "1");
  }
}
