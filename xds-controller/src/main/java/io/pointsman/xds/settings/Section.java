package io.pointsman.xds.settings;

import io.pointsman.common.ConfigException;
import io.pointsman.common.DurationText;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * One mapping of the settings file, read key by key with defaults. {@link #end} refuses what nobody
 * asked for, so it closes the reading of each section.
 */
final class Section {
  /** The largest value of Envoy's 32-bit fields. */
  static final long UINT32 = 4_294_967_295L;

  /** The largest value of those fields of Envoy Gateway that have a sign. */
  static final long INT32 = Integer.MAX_VALUE;

  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?");
  private static final Pattern NAME =
      Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");
  private static final Pattern LABEL_KEY =
      Pattern.compile("([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");
  private static final Pattern LABEL_VALUE =
      Pattern.compile("[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");
  private static final int MAX_LABEL = 63;
  private static final int MAX_NAME = 253;

  private final YamlMap map;

  Section(YamlMap map) {
    this.map = map;
  }

  Section section(String key) throws ConfigException {
    return new Section(map.map(key));
  }

  long number(String key, long min, long max, long defaultValue) throws ConfigException {
    return map.integer(key, min, max, defaultValue);
  }

  boolean bool(String key, boolean defaultValue) throws ConfigException {
    return map.bool(key, defaultValue);
  }

  /** A number of bytes, {@code 4194304} or {@code 4Mi}. */
  long bytes(String key, long min, long max, long defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    if (node == null) {
      return defaultValue;
    }
    long bytes = Quantity.parse(node.string());
    if (bytes < min || bytes > max) {
      throw node.error(
          "expected a number of bytes from %d to %d such as 4194304 or 4Mi, found \"%s\""
              .formatted(min, max, node.string()));
    }
    return bytes;
  }

  /** A duration from a least to a most, both inclusive. */
  Duration duration(String key, Duration min, Duration max, Duration defaultValue)
      throws ConfigException {
    YamlNode node = map.get(key);
    if (node == null) {
      return defaultValue;
    }
    Duration duration = DurationText.parse(node.string());
    if (duration == null) {
      throw node.error(
          "expected a duration such as 30s, 1m30s or 500ms, found \"%s\"".formatted(node.string()));
    }
    if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
      throw node.error(
          "expected a duration from %s to %s, found \"%s\""
              .formatted(DurationText.write(min), DurationText.write(max), node.string()));
    }
    return duration;
  }

  /** A duration of whole seconds. */
  Duration seconds(String key, Duration min, Duration max, Duration defaultValue)
      throws ConfigException {
    Duration duration = duration(key, min, max, defaultValue);
    if (duration.toMillisPart() != 0) {
      throw error(key, "expected whole seconds, found " + DurationText.write(duration));
    }
    return duration;
  }

  /** One of an enum's values, by its text. */
  <E extends Enum<E>> E choice(String key, Class<E> type, E defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    if (node == null) {
      return defaultValue;
    }
    String text = node.string();
    var names = new ArrayList<String>();
    for (E value : type.getEnumConstants()) {
      if (value.toString().equals(text)) {
        return value;
      }
      names.add(value.toString());
    }
    throw node.error("expected one of %s, found \"%s\"".formatted(String.join(", ", names), text));
  }

  /** An IP address without port. */
  String ip(String key, String defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    if (node == null) {
      return defaultValue;
    }
    if (!Address.isIp(node.string())) {
      throw node.error(
          "expected an IP address such as 0.0.0.0 or ::, found \"%s\"".formatted(node.string()));
    }
    return node.string();
  }

  /** A list of at least one address. */
  List<Address> addresses(String key, Address defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    if (node == null) {
      return List.of(defaultValue);
    }
    var addresses = new ArrayList<Address>();
    for (YamlNode item : node.list()) {
      Address address = Address.parse(item.string());
      if (address == null) {
        throw item.error(
            "expected host:port or [IPv6]:port, found \"%s\"".formatted(item.string()));
      }
      if (addresses.contains(address)) {
        throw item.error("%s is listed twice".formatted(address));
      }
      addresses.add(address);
    }
    if (addresses.isEmpty()) {
      throw node.error("expected at least one address, found an empty list");
    }
    return addresses;
  }

  /** The name of a Kubernetes object. */
  String name(String key, String defaultValue) throws ConfigException {
    return name(key, MAX_NAME, defaultValue);
  }

  /** The name of a Kubernetes object, no longer than given. */
  String name(String key, int maxLength, String defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    return node == null ? defaultValue : matching(node, NAME, maxLength, "a name of Kubernetes");
  }

  /** A name without dots, as namespaces and Services have. */
  String label(String key, String defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    return node == null ? defaultValue : label(node);
  }

  /** The name of a Kubernetes object, or empty. */
  String optionalName(String key) throws ConfigException {
    YamlNode node = map.get(key);
    return node == null || node.isBlank() ? "" : name(key, "");
  }

  /** A name without dots, or empty. */
  String optionalLabel(String key) throws ConfigException {
    YamlNode node = map.get(key);
    return node == null || node.isBlank() ? "" : label(node);
  }

  /** A list of names of Kubernetes objects, each once. */
  List<String> names(String key, int atLeast, String... defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    if (node == null) {
      return List.of(defaultValue);
    }
    var names = new ArrayList<String>();
    for (YamlNode item : node.list()) {
      String name = matching(item, NAME, MAX_NAME, "a name of Kubernetes");
      if (names.contains(name)) {
        throw item.error("%s is listed twice".formatted(name));
      }
      names.add(name);
    }
    if (names.size() < atLeast) {
      throw node.error("expected at least one name, found an empty list");
    }
    return names;
  }

  /** A list of namespaces, or {@code *} alone for all of them. */
  List<String> namespaces(String key, List<String> defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    if (node == null) {
      return defaultValue;
    }
    List<YamlNode> items = node.list();
    if (items.size() == 1 && items.get(0).string().equals("*")) {
      return List.of("*");
    }
    var namespaces = new ArrayList<String>();
    for (YamlNode item : items) {
      namespaces.add(label(item));
    }
    if (namespaces.isEmpty()) {
      throw node.error("expected at least one namespace, or *, found an empty list");
    }
    return namespaces;
  }

  /** Labels of Kubernetes. */
  SortedMap<String, String> labels(String key) throws ConfigException {
    var labels = new TreeMap<String, String>();
    YamlNode node = map.get(key);
    if (node != null) {
      YamlMap entries = node.map();
      for (String name : entries.keys()) {
        YamlNode value = entries.required(name);
        if (!LABEL_KEY.matcher(name).matches()) {
          throw value.error("\"%s\" is no key of a label".formatted(name));
        }
        labels.put(name, matching(value, LABEL_VALUE, MAX_LABEL, "a label's value"));
      }
    }
    return labels;
  }

  /** A text of a given form. */
  String text(String key, String form, String defaultValue) throws ConfigException {
    YamlNode node = map.get(key);
    if (node == null) {
      return defaultValue;
    }
    return matching(node, Pattern.compile(form), MAX_NAME, "something such as " + defaultValue);
  }

  private static String label(YamlNode node) throws ConfigException {
    return matching(node, LABEL, MAX_LABEL, "a name of Kubernetes without dots");
  }

  private static String matching(YamlNode node, Pattern form, int maxLength, String expected)
      throws ConfigException {
    String text = node.string();
    if (text.length() > maxLength || !form.matcher(text).matches()) {
      throw node.error("expected %s, found \"%s\"".formatted(expected, text));
    }
    return text;
  }

  /** An error at a key, or at this section if the key is absent. */
  ConfigException error(String key, String reason) {
    YamlNode node = map.get(key);
    return node == null ? map.error(key + " (default): " + reason) : node.error(reason);
  }

  void end() throws ConfigException {
    map.rejectUnknownKeys();
  }
}
