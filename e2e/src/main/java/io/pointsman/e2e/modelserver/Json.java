package io.pointsman.e2e.modelserver;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import org.jspecify.annotations.Nullable;

/** Short ways to build JSON. */
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
