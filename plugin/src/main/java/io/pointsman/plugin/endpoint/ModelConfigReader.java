package io.pointsman.plugin.endpoint;

import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import io.pointsman.plugin.endpoint.ModelConfig.Profile;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads config profiles: the schema of the {@code model.aibrix.ai/config} annotation, JSON being
 * YAML. Every key of that schema is accepted and checked, also those that nothing uses yet.
 */
final class ModelConfigReader {
  private final Predicate<String> knownStrategy;

  /**
   * @param knownStrategy true for the names that strategies have
   */
  ModelConfigReader(Predicate<String> knownStrategy) {
    this.knownStrategy = knownStrategy;
  }

  ModelConfig read(YamlMap map) throws ConfigException {
    String locked = strategy(map, "lockedRoutingStrategy");
    YamlNode defaultProfile = given(map, "defaultProfile");
    YamlMap profileMap = map.map("profiles");
    Map<String, Profile> profiles = new LinkedHashMap<>();
    for (String name : profileMap.keys()) {
      profiles.put(name, profile(name, profileMap.map(name)));
    }
    map.rejectUnknownKeys();
    if (defaultProfile == null) {
      return new ModelConfig(locked, ModelConfig.NONE.defaultProfile(), profiles);
    }
    if (!profiles.containsKey(defaultProfile.string())) {
      throw defaultProfile.error("no profile is named " + defaultProfile.string());
    }
    return new ModelConfig(locked, defaultProfile.string(), profiles);
  }

  private Profile profile(String name, YamlMap map) throws ConfigException {
    String strategy = strategy(map, "routingStrategy");
    count(map, "requestsPerSecond");
    YamlMap hints = map.map("routingConfig");
    count(hints, "promptLenBucketMinLength");
    count(hints, "promptLenBucketMaxLength");
    hints.bool("combined", false);
    for (String policy : new String[] {"prefillScorePolicy", "decodeScorePolicy"}) {
      YamlNode value = given(hints, policy);
      if (value != null) {
        value.string();
      }
    }
    var profile =
        new Profile(
            name,
            strategy,
            count(hints, "promptTokensGte"),
            count(hints, "promptTokensLt"),
            count(hints, "maxTokensGte"),
            count(hints, "maxTokensLt"));
    hints.rejectUnknownKeys();
    map.rejectUnknownKeys();
    return profile;
  }

  private @Nullable String strategy(YamlMap map, String key) throws ConfigException {
    YamlNode value = given(map, key);
    if (value == null) {
      return null;
    }
    String name = value.string();
    if (!knownStrategy.test(name)) {
      throw value.error("unknown routing strategy \"" + name + "\"");
    }
    return name;
  }

  private static @Nullable Integer count(YamlMap map, String key) throws ConfigException {
    YamlNode value = map.get(key);
    return value == null ? null : Integer.valueOf((int) value.integer(0, Integer.MAX_VALUE));
  }

  /** The schema shows empty strings where nothing is set. */
  private static @Nullable YamlNode given(YamlMap map, String key) {
    YamlNode value = map.get(key);
    return value == null || value.isBlank() ? null : value;
  }
}
