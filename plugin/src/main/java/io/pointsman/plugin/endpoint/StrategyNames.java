package io.pointsman.plugin.endpoint;

import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads names of routing strategies.
 *
 * @param isKnown true for what a strategy can be asked for by
 */
record StrategyNames(Predicate<String> isKnown) {
  /** The name under a key, or null if none is given; an empty one is as good as none. */
  @Nullable String read(YamlMap map, String key) throws ConfigException {
    YamlNode value = map.get(key);
    if (value == null || value.isBlank()) {
      return null;
    }
    String name = value.string().strip();
    if (!isKnown.test(name)) {
      throw value.error("unknown routing strategy \"" + name + "\"");
    }
    return name;
  }
}
