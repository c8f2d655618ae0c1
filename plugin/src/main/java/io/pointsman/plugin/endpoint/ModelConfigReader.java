package io.pointsman.plugin.endpoint;

import io.pointsman.common.ConfigException;
import io.pointsman.common.JsonSyntax;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads config profiles, which are JSON in the {@code model.aibrix.ai/config} annotation and YAML
 * under {@code config} of a models file. {@code config-profile.schema.json}, beside this class,
 * says the same to people and editors; every key of the reference is known, also those that nothing
 * uses yet. Immutable.
 */
public final class ModelConfigReader {
  /** The annotation of a pod that holds its model's config. */
  public static final String ANNOTATION = "model.aibrix.ai/config";

  private final StrategyNames strategies;
  private final ProfileReader profileReader;

  /**
   * @param knownStrategy true for the names that strategies can be asked for by
   */
  public ModelConfigReader(Predicate<String> knownStrategy) {
    strategies = new StrategyNames(knownStrategy);
    profileReader = new ProfileReader(strategies);
  }

  /**
   * Reads the content of an annotation.
   *
   * @param source where it stands, for messages
   * @param line line at which it begins there, counted from 1
   * @throws ConfigException if it is not JSON or says what cannot be, with line and path
   */
  public ModelConfig readJson(String source, int line, String json) throws ConfigException {
    // Every JSON text is YAML, but for tabs; outside of strings, where JSON forbids them, they are
    // as good as spaces. Lines in front make those below count right.
    String text = "\n".repeat(line - 1) + json.replace('\t', ' ');
    JsonSyntax.check(source, text);
    return read(YamlNode.parse(source, text).map());
  }

  /** Reads what a document holds; its keys count as the document's own. */
  public ModelConfig read(YamlMap map) throws ConfigException {
    String locked = strategies.read(map, "lockedRoutingStrategy");
    YamlNode lockedProfile = given(map, "lockedProfile");
    YamlNode defaultProfile = given(map, "defaultProfile");
    YamlMap profileMap = map.map("profiles");
    Map<String, Profile> profiles = new LinkedHashMap<>();
    for (String name : profileMap.keys()) {
      profiles.put(name, profileReader.read(name, profileMap.map(name)));
    }
    map.rejectUnknownKeys();
    return new ModelConfig(
        locked,
        lockedProfile == null ? null : existing(lockedProfile, profiles),
        defaultProfile == null
            ? ModelConfig.NONE.defaultProfile()
            : existing(defaultProfile, profiles),
        profiles);
  }

  private static String existing(YamlNode name, Map<String, Profile> profiles)
      throws ConfigException {
    if (!profiles.containsKey(name.string())) {
      throw name.error("no profile is named " + name.string());
    }
    return name.string();
  }

  private static @Nullable YamlNode given(YamlMap map, String key) {
    YamlNode value = map.get(key);
    return value == null || value.isBlank() ? null : value;
  }
}
