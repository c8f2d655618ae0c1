package io.pointsman.plugin.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.pointsman.plugin.identity.ApiKey;
import io.pointsman.plugin.identity.Limits;
import java.net.URLDecoder;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator asks for when creating a key.
 *
 * @param name of the key
 * @param user whom it belongs to, or null
 * @param limits its own limits
 */
record ApiKeyRequest(String name, @Nullable String user, Limits limits) {
  private static final String NAME = "name";
  private static final String USER = "user_id";
  private static final String REQUESTS = "requests_per_minute";
  private static final String TOKENS = "tokens_per_minute";
  private static final String IN_FLIGHT = "requests_in_flight";
  private static final Set<String> FIELDS = Set.of(NAME, USER, REQUESTS, TOKENS, IN_FLIGHT);
  private static final String NAME_QUERY = NAME + "=";

  /**
   * Reads the body of a POST.
   *
   * @throws IllegalArgumentException with what is wrong, for the client
   */
  static ApiKeyRequest read(String body) {
    JsonObject json = object(body);
    for (String field : json.keySet()) {
      if (!FIELDS.contains(field)) {
        throw new IllegalArgumentException(
            "unknown field; known are name, user_id, requests_per_minute, tokens_per_minute and"
                + " requests_in_flight");
      }
    }
    String name = text(json, NAME);
    if (name == null) {
      throw new IllegalArgumentException("name is missing");
    }
    String user = text(json, USER);
    return new ApiKeyRequest(
        ApiKey.checkName(name),
        user == null ? null : ApiKey.checkName(user),
        new Limits(
            (int) number(json, REQUESTS, Limits.MAX_REQUESTS),
            number(json, TOKENS, Limits.MAX_TOKENS),
            (int) number(json, IN_FLIGHT, Limits.MAX_REQUESTS)));
  }

  /**
   * The name of the key to revoke: {@code ?name=} or the body's {@code name}.
   *
   * @throws IllegalArgumentException if neither says it
   */
  static String nameToRevoke(@Nullable String query, String body) {
    if (query != null) {
      for (String part : query.split("&", -1)) {
        if (part.startsWith(NAME_QUERY)) {
          return ApiKey.checkName(URLDecoder.decode(part.substring(NAME_QUERY.length()), UTF_8));
        }
      }
    }
    String name = body.isBlank() ? null : text(object(body), NAME);
    if (name == null) {
      throw new IllegalArgumentException("expected ?name=NAME, or {\"name\": NAME} as the body");
    }
    return ApiKey.checkName(name);
  }

  private static JsonObject object(String body) {
    try {
      JsonElement json = JsonParser.parseString(body);
      if (json.isJsonObject()) {
        return json.getAsJsonObject();
      }
    } catch (JsonParseException e) {
      // Said below.
    }
    throw new IllegalArgumentException("expected a JSON object such as {\"name\": \"batch-jobs\"}");
  }

  private static @Nullable String text(JsonObject json, String field) {
    JsonElement value = json.get(field);
    if (value == null || value.isJsonNull()) {
      return null;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw new IllegalArgumentException(field + " must be a string");
    }
    return value.getAsString();
  }

  private static long number(JsonObject json, String field, long max) {
    JsonElement value = json.get(field);
    if (value == null || value.isJsonNull()) {
      return 0;
    }
    if (value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
      try {
        long number = Long.parseLong(value.getAsString());
        if (number >= 0 && number <= max) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Said below.
      }
    }
    throw new IllegalArgumentException(field + " must be an integer from 0 to " + max);
  }
}
