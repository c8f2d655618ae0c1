package io.pointsman.plugin.identity;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * A user as it is stored in Redis, in the wire contract's form: {@code {"name","rpm","tpm"}} at the
 * key {@code aibrix-users/<name>}.
 *
 * @param name 1 to 128 printable ASCII characters
 * @param rpm requests in a minute; 0: 100
 * @param tpm tokens in a minute; 0: a thousand for each request
 */
public record User(String name, int rpm, long tpm) {
  static final int DEFAULT_RPM = 100;
  static final int DEFAULT_TOKENS_PER_REQUEST = 1000;

  public User {
    ApiKey.checkName(name);
    if (rpm < 0 || tpm < 0 || tpm > Limits.MAX_TOKENS) {
      throw new IllegalArgumentException("rpm and tpm must not be negative");
    }
  }

  /** What applies. */
  public Limits limits() {
    int requests = rpm == 0 ? DEFAULT_RPM : rpm;
    return new Limits(requests, tpm == 0 ? (long) requests * DEFAULT_TOKENS_PER_REQUEST : tpm, 0);
  }

  /** As it is stored. */
  public String toJson() {
    var json = new JsonObject();
    json.addProperty("name", name);
    json.addProperty("rpm", rpm);
    json.addProperty("tpm", tpm);
    return json.toString();
  }

  /**
   * Reads what is stored for a user, whoever stored it. What is not a number from 0 on, counts as
   * 0, and more than fits as the largest that does.
   *
   * @return null if it is no JSON object
   */
  static @Nullable User read(String name, String text) {
    try {
      JsonElement json = JsonParser.parseString(text);
      if (!json.isJsonObject()) {
        return null;
      }
      JsonObject object = json.getAsJsonObject();
      return new User(
          name,
          (int) number(object.get("rpm"), Limits.MAX_REQUESTS),
          number(object.get("tpm"), Limits.MAX_TOKENS));
    } catch (JsonParseException | NumberFormatException e) {
      return null;
    }
  }

  private static long number(@Nullable JsonElement json, long max) {
    if (json == null || !json.isJsonPrimitive() || !json.getAsJsonPrimitive().isNumber()) {
      return 0;
    }
    double value = new BigDecimal(json.getAsString()).doubleValue();
    return value >= max ? max : Math.max(0, (long) value);
  }
}
