package io.pointsman.plugin.app;

import io.pointsman.common.BindAddress;
import io.pointsman.common.DurationText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Settings as the operator wrote them, read by type. A value that cannot be used becomes an error
 * that names the flag or variable it came from, and reading goes on, so that one run tells all of
 * them; what is returned in its place must not be used. Not thread-safe.
 */
final class SettingValues {
  /** A value and the flag or variable that gave it. */
  private record Given(String origin, String value) {}

  private final Map<Setting, Given> given = new EnumMap<>(Setting.class);

  /** In the order they were found; a value that is read twice is wrong once. */
  private final Set<String> errors = new LinkedHashSet<>();

  /**
   * A flag goes before our environment name, that before the contract's aliases, those before the
   * default. An empty variable counts as not set.
   */
  SettingValues(Map<Setting, String> flags, Map<String, String> environment) {
    for (Setting setting : Setting.values()) {
      Given value = resolve(setting, flags.get(setting), environment);
      if (value != null) {
        given.put(setting, value);
      }
    }
  }

  private static @Nullable Given resolve(
      Setting setting, @Nullable String flag, Map<String, String> environment) {
    if (flag != null) {
      return new Given(setting.flag(), flag);
    }
    for (String name : setting.environmentNames()) {
      String value = environment.get(name);
      if (value != null && !value.isEmpty() && !isServiceLink(value)) {
        return new Given(name, value);
      }
    }
    return setting.defaultValue() == null
        ? null
        : new Given(setting.flag(), setting.defaultValue());
  }

  /**
   * Kubernetes sets REDIS_PORT=tcp://10.0.0.1:6379 in every pod beside a Service named redis; that
   * is nobody's wish.
   */
  private static boolean isServiceLink(String value) {
    return value.startsWith("tcp://");
  }

  /** Whether a flag, a variable or a default gives it a value. */
  boolean isSet(Setting setting) {
    return given.containsKey(setting);
  }

  /** The value as it is written, or null if it is not set. */
  @Nullable String text(Setting setting) {
    Given value = given.get(setting);
    return value == null ? null : value.value();
  }

  boolean bool(Setting setting) {
    return read(
        setting,
        false,
        text ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default -> throw expected("true or false", text);
            });
  }

  /** An integer between two bounds, both inclusive. */
  int integer(Setting setting, int min, int max) {
    return read(
        setting,
        min,
        text -> {
          try {
            int value = Integer.parseInt(text);
            if (value >= min && value <= max) {
              return value;
            }
          } catch (NumberFormatException e) {
            // Said below.
          }
          throw expected("an integer from " + min + " to " + max, text);
        });
  }

  /** A number between 0 and a bound, both inclusive. */
  double fraction(Setting setting, double max) {
    return read(
        setting,
        0.0,
        text -> {
          try {
            double value = Double.parseDouble(text);
            if (value >= 0 && value <= max) {
              return value;
            }
          } catch (NumberFormatException e) {
            // Said below.
          }
          throw expected("a number from 0 to " + max, text);
        });
  }

  /** A duration between two bounds, both inclusive. */
  Duration duration(Setting setting, Duration min, Duration max) {
    return read(
        setting,
        min,
        text -> {
          Duration value = DurationText.parse(text);
          if (value != null && value.compareTo(min) >= 0 && value.compareTo(max) <= 0) {
            return value;
          }
          throw expected(
              "a duration from %s to %s, such as 5s or 500ms"
                  .formatted(DurationText.write(min), DurationText.write(max)),
              text);
        });
  }

  /** An address to listen on, or null if it is not set. */
  @Nullable BindAddress address(Setting setting) {
    return this.<@Nullable BindAddress>read(setting, null, BindAddress::parse);
  }

  /** A file that can be read, or null if it is not set. */
  @Nullable Path file(Setting setting) {
    return this.<@Nullable Path>read(
        setting,
        null,
        text -> {
          if (!Files.isReadable(Path.of(text)) || Files.isDirectory(Path.of(text))) {
            throw new IllegalArgumentException("cannot read the file \"" + text + "\"");
          }
          return Path.of(text);
        });
  }

  /**
   * A value by its own reader.
   *
   * @param otherwise returned if it is not set or cannot be used
   * @param reader throws IllegalArgumentException with the reason
   */
  <T extends @Nullable Object> T read(Setting setting, T otherwise, Function<String, T> reader) {
    Given value = given.get(setting);
    if (value == null) {
      return otherwise;
    }
    try {
      return reader.apply(value.value());
    } catch (IllegalArgumentException e) {
      errors.add(value.origin() + ": " + e.getMessage());
      return otherwise;
    }
  }

  static IllegalArgumentException expected(String what, String found) {
    return new IllegalArgumentException("expected " + what + ", found \"" + found + "\"");
  }

  /** Adds an error about a setting as a whole, such as one that is missing. */
  void addError(Setting setting, String reason) {
    Given value = given.get(setting);
    errors.add((value == null ? setting.flag() : value.origin()) + ": " + reason);
  }

  /** What applies, as {@code name=value} pairs; secrets are masked, what is not set is left out. */
  String effective() {
    var text = new StringBuilder();
    for (Map.Entry<Setting, Given> entry : given.entrySet()) {
      Setting setting = entry.getKey();
      String value = setting.isSecret() ? "***" : entry.getValue().value();
      text.append(text.isEmpty() ? "" : " ").append(setting.flag().substring(2)).append('=');
      text.append(value);
    }
    return text.toString();
  }

  /** Everything found wrong so far, one line each. */
  List<String> errors() {
    return List.copyOf(errors);
  }
}
