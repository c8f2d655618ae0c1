package io.pointsman.e2e.modelserver;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Short ways to build and to read JSON. */
final class Json {
  private Json() {}

  /** An object of alternating keys and values: strings, numbers, booleans, null or JSON. */
  static JsonObject object(@Nullable Object... keysAndValues) {
    var object = new JsonObject();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      object.add(String.valueOf(keysAndValues[i]), element(keysAndValues[i + 1]));
    }
    return object;
  }

  static JsonArray array(@Nullable Object... values) {
    var array = new JsonArray();
    for (Object value : values) {
      array.add(element(value));
    }
    return array;
  }

  /** An object from its text. */
  static JsonObject parse(String text) {
    return JsonParser.parseString(text).getAsJsonObject();
  }

  /** A member that is a text, or null. */
  static @Nullable String text(JsonObject object, String key) {
    return object.get(key) instanceof JsonPrimitive value && value.isString()
        ? value.getAsString()
        : null;
  }

  /** A member that is a whole number, or null. */
  static @Nullable Long number(JsonObject object, String key) {
    return object.get(key) instanceof JsonPrimitive value && value.isNumber() ? whole(value) : null;
  }

  /** A member that is a list of whole numbers, or null. */
  static @Nullable List<Long> numbers(JsonObject object, String key) {
    if (!(object.get(key) instanceof JsonArray array)) {
      return null;
    }
    List<Long> numbers = new ArrayList<>();
    for (JsonElement element : array) {
      Long number =
          element instanceof JsonPrimitive value && value.isNumber() ? whole(value) : null;
      if (number == null) {
        return null;
      }
      numbers.add(number);
    }
    return numbers;
  }

  /** True if a member is there and is {@code true}. */
  static boolean isTrue(JsonObject object, String key) {
    return object.get(key) instanceof JsonPrimitive value
        && value.isBoolean()
        && value.getAsBoolean();
  }

  /** True if a member is there and is not {@code null}. */
  static boolean has(JsonObject object, String key) {
    return object.has(key) && !object.get(key).isJsonNull();
  }

  private static @Nullable Long whole(JsonPrimitive value) {
    try {
      return new BigDecimal(value.getAsString()).longValueExact();
    } catch (NumberFormatException | ArithmeticException e) {
      return null;
    }
  }

  private static JsonElement element(@Nullable Object value) {
    if (value == null) {
      return JsonNull.INSTANCE;
    } else if (value instanceof JsonElement json) {
      return json;
    } else if (value instanceof Number number) {
      return new JsonPrimitive(number);
    } else if (value instanceof Boolean flag) {
      return new JsonPrimitive(flag);
    }
    return new JsonPrimitive(value.toString());
  }
}
