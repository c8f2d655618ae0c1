package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the README's tables of settings and metrics to the program. */
class ReadmeTest {
  private static final Path README = Path.of("..", "README.md");
  private static final String SETTINGS_HEAD = "| Flag | Default | Meaning |\n|---|---|---|\n";
  private static final String METRICS_HEAD = "| Metric | Labels | Meaning |\n|---|---|---|\n";

  private static final Pattern CODE = Pattern.compile("`([a-z_]+)`");

  /** A meter's name; where it ends with a dot the program puts more names behind it. */
  private static final Pattern METER = Pattern.compile("\"((?:pointsman|redis)\\.[a-z.]+)\"");

  /** What the Prometheus format puts behind a name. */
  private static final String UNITS = "(_seconds|_bytes)?(_total)?";

  /** Writes the table of settings into the README. */
  public static void main(String[] args) throws IOException {
    String text = Files.readString(README);
    Files.writeString(README, text.replace(table(SETTINGS_HEAD), settings()));
  }

  /** The rows of the table that has this head. */
  private static String table(String head) throws IOException {
    String text = Files.readString(README);
    int start = text.indexOf(head) + head.length();
    return text.substring(start, text.indexOf("\n\n", start) + 1);
  }

  private static String settings() {
    var rows = new StringBuilder();
    for (Setting.Group group : Setting.Group.values()) {
      rows.append("| **").append(group.heading()).append("** | | |\n");
      for (Setting setting : Setting.values()) {
        if (setting.group() == group) {
          rows.append(row(setting));
        }
      }
    }
    return rows.toString();
  }

  private static String row(Setting setting) {
    String value = setting.defaultValue();
    List<String> names = setting.environmentNames();
    String alias = names.size() > 1 ? " Alias: `" + names.get(1) + "`." : "";
    return "| `%s` %s | %s | %s%s |\n"
        .formatted(
            setting.flag(),
            setting.valueLabel().toLowerCase(Locale.ROOT).replace("|", "\\|"),
            value == null ? "" : "`" + value + "`",
            setting.description(),
            alias);
  }

  @Test
  void itsTableOfSettingsIsThatOfTheHelpPage() throws Exception {
    assertThat(table(SETTINGS_HEAD))
        .as("run ReadmeTest.main in the folder plugin")
        .isEqualTo(settings());
  }

  /**
   * What each name in the table may stand for. A name that begins with an underscore goes in place
   * of the end of the row's first name, from any underscore on.
   */
  private static Map<String, Set<String>> documented() throws IOException {
    var meanings = new LinkedHashMap<String, Set<String>>();
    for (String row : table(METRICS_HEAD).lines().toList()) {
      String first = "";
      Matcher code = CODE.matcher(row.split("\\|", -1)[1]);
      while (code.find()) {
        String name = code.group(1);
        var may = new HashSet<String>();
        if (name.startsWith("_")) {
          for (int i = first.indexOf('_'); i >= 0; i = first.indexOf('_', i + 1)) {
            may.add(first.substring(0, i) + name);
          }
        } else {
          first = name;
          may.add(name);
        }
        meanings.put(first + (name.equals(first) ? "" : " … " + name), may);
      }
    }
    return meanings;
  }

  /** Names of all meters of both programs, as patterns of what Prometheus shows. */
  private static Set<String> meters() throws IOException {
    var patterns = new TreeSet<String>();
    for (String module : List.of("plugin", "xds-controller")) {
      try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "main", "java"))) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          Matcher meter = METER.matcher(Files.readString(file));
          while (meter.find()) {
            String name = meter.group(1).replace('.', '_');
            patterns.add(name.endsWith("_") ? name + "[a-z_]+" : name + UNITS);
          }
        }
      }
    }
    return patterns;
  }

  @Test
  void itsTableOfMetricsIsThatOfThePrograms() throws Exception {
    Map<String, Set<String>> documented = documented();
    Set<String> meters = meters();
    var withoutRow = new TreeSet<>(meters);
    var withoutMeter = new TreeSet<String>();
    documented.forEach(
        (name, may) -> {
          List<String> shown =
              meters.stream()
                  .filter(meter -> may.stream().anyMatch(one -> one.matches(meter)))
                  .toList();
          shown.forEach(withoutRow::remove);
          if (shown.isEmpty()) {
            withoutMeter.add(name);
          }
        });

    assertThat(meters).hasSizeGreaterThan(40);
    assertThat(withoutRow).as("meters without a row").isEmpty();
    assertThat(withoutMeter).as("rows without a meter").isEmpty();
  }
}
