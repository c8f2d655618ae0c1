package io.pointsman.common;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * A mapping in a settings document. It remembers which keys were asked for, so that {@link
 * #rejectUnknownKeys()} at the end of reading refuses what nobody knows. A key without a value
 * counts as absent. Not thread-safe.
 */
public final class YamlMap {
  private final YamlNode.Source source;
  private final String path;
  private final int line;
  private final Map<String, YamlNode> values = new LinkedHashMap<>();
  private final Map<String, Integer> keyLines = new LinkedHashMap<>();
  private final Set<String> known = new LinkedHashSet<>();

  YamlMap(YamlNode.Source source, String path, int line, MappingNode mapping)
      throws ConfigException {
    this(source, path, line);
    for (NodeTuple entry : mapping.getValue()) {
      int keyLine = entry.getKeyNode().getStartMark().map(mark -> mark.getLine() + 1).orElse(line);
      // The parser has refused every other kind of key.
      String key = ((ScalarNode) entry.getKeyNode()).getValue();
      var value = new YamlNode(source, child(key), entry.getValueNode());
      if (values.put(key, value) != null) {
        throw new ConfigException(source.name(), keyLine, unasked(key), "duplicate key");
      }
      keyLines.put(key, keyLine);
    }
  }

  private YamlMap(YamlNode.Source source, String path, int line) {
    this.source = source;
    this.path = path;
    this.line = line;
  }

  /** Line at which the mapping begins, counted from 1. */
  public int line() {
    return line;
  }

  /** All keys, in the document's order; asking does not make them known. */
  public Set<String> keys() {
    return Collections.unmodifiableSet(values.keySet());
  }

  /** The value of a key, or null if it is absent or has no value. */
  public @Nullable YamlNode get(String key) {
    known.add(key);
    YamlNode value = values.get(key);
    return value == null || value.isNull() ? null : value;
  }

  /** The value of a key that must be there. */
  public YamlNode required(String key) throws ConfigException {
    YamlNode value = get(key);
    if (value == null) {
      throw error("\"" + key + "\" is missing");
    }
    return value;
  }

  /** A mapping below this one; empty if the key is absent, so that its keys take their defaults. */
  public YamlMap map(String key) throws ConfigException {
    YamlNode value = get(key);
    return value == null ? new YamlMap(source, child(key), line) : value.map();
  }

  /** A string, or the default if the key is absent. */
  public String string(String key, String defaultValue) throws ConfigException {
    YamlNode value = get(key);
    return value == null ? defaultValue : value.string();
  }

  /** An integer between two bounds, both inclusive, or the default if the key is absent. */
  public long integer(String key, long min, long max, long defaultValue) throws ConfigException {
    YamlNode value = get(key);
    return value == null ? defaultValue : value.integer(min, max);
  }

  /** True or false, or the default if the key is absent. */
  public boolean bool(String key, boolean defaultValue) throws ConfigException {
    YamlNode value = get(key);
    return value == null ? defaultValue : value.bool();
  }

  /** Refuses the first key that nobody asked for. Call it when everything known was read. */
  public void rejectUnknownKeys() throws ConfigException {
    for (Map.Entry<String, Integer> key : keyLines.entrySet()) {
      if (!known.contains(key.getKey())) {
        throw new ConfigException(
            source.name(),
            key.getValue(),
            unasked(key.getKey()),
            "unknown key; known here: " + String.join(", ", known));
      }
    }
  }

  /** An error about this mapping as a whole, for the caller to throw. */
  public ConfigException error(String reason) {
    return new ConfigException(source.name(), line, path, reason);
  }

  /** Where a key stands that nobody may have asked for: it is the text of the document. */
  private String unasked(String key) {
    return source.quoted() ? child(key) : path;
  }

  private String child(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
