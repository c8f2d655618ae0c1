package io.pointsman.e2e.harness;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.List;

/** The controller's settings, key by key. JSON is YAML, too. Not thread-safe. */
public final class EnvoySettings {
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  private final JsonObject root;

  EnvoySettings() {
    this(new JsonObject());
  }

  private EnvoySettings(JsonObject root) {
    this.root = root;
  }

  EnvoySettings copy() {
    return new EnvoySettings(root.deepCopy());
  }

  /**
   * Sets one key.
   *
   * @param path such as {@code envoyPatchPolicy.circuitBreakers.maxRequests}
   * @param value a string, number, boolean, or list of strings
   */
  public EnvoySettings set(String path, Object value) {
    List<String> keys = List.of(path.split("\\.", -1));
    JsonObject section = root;
    for (String key : keys.subList(0, keys.size() - 1)) {
      if (!section.has(key)) {
        section.add(key, new JsonObject());
      }
      section = section.getAsJsonObject(key);
    }
    section.add(keys.get(keys.size() - 1), GSON.toJsonTree(value));
    return this;
  }

  @Override
  public String toString() {
    return GSON.toJson(root);
  }
}
