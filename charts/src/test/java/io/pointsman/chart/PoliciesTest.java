package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.common.ConfigException;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The policies that the controller makes of what the chart renders. {@code policies.yaml} has those
 * of the defaults, {@code policies-of-values-files.yaml} in what those of each values file differ.
 */
class PoliciesTest {
  private static final Path FOLDER = Path.of("src/test/resources/io/pointsman/chart");
  private static final String DEFAULTS = "policies.yaml";
  private static final String DIFFERENCES = "policies-of-values-files.yaml";
  private static final String NONE = "{}";
  private static final String ABSENT = "(absent)";

  /** Writes what is expected anew, to be looked at and committed. */
  public static void main(String[] args) throws Exception {
    Files.writeString(FOLDER.resolve(DEFAULTS), policies(NONE));
    var differences = new TreeMap<String, Object>();
    for (Path file : LintTest.valuesFiles()) {
      differences.put(name(file), difference(Files.readString(file)));
    }
    Files.writeString(FOLDER.resolve(DIFFERENCES), Yaml.writeInLines(differences));
  }

  private static String name(Path file) {
    return Chart.FOLDER.relativize(file).toString();
  }

  private static String policies(String values) throws ConfigException {
    return Policies.from(SettingsTest.settings(values)).stream()
        .map(Policy::manifest)
        .map(Yaml::write)
        .collect(Collectors.joining("---\n"));
  }

  /** For each policy that is another, what is at the places that are, or that it is not there. */
  private static SortedMap<String, Object> difference(String values) throws ConfigException {
    Rendered usual = Rendered.of(policies(NONE));
    Rendered made = Rendered.of(policies(values));
    var difference = new TreeMap<String, Object>();
    for (String policy : union(usual.names(), made.names())) {
      if (!made.names().contains(policy)) {
        difference.put(policy, ABSENT);
      } else if (!usual.names().contains(policy)) {
        difference.put(policy, made.object(policy).get("spec"));
      } else {
        var places = new TreeMap<String, Object>();
        collectChanges("", usual.object(policy), made.object(policy), places);
        if (!places.isEmpty()) {
          difference.put(policy, places);
        }
      }
    }
    return difference;
  }

  /** A list that is longer or shorter is another as a whole: its items have no names. */
  private static void collectChanges(
      String path, @Nullable Object before, @Nullable Object after, Map<String, Object> into) {
    if (before instanceof Map && after instanceof Map) {
      Map<String, Object> was = Yaml.map(before);
      Map<String, Object> is = Yaml.map(after);
      for (String key : union(was.keySet(), is.keySet())) {
        String inner = path.isEmpty() ? key : path + "." + key;
        collectChanges(inner, was.get(key), is.get(key), into);
      }
    } else if (before instanceof List<?> was
        && after instanceof List<?> is
        && was.size() == is.size()) {
      for (int i = 0; i < was.size(); i++) {
        collectChanges(path + "[" + i + "]", was.get(i), is.get(i), into);
      }
    } else if (!Objects.equals(before, after)) {
      into.put(path, after == null ? ABSENT : after);
    }
  }

  private static Iterable<String> union(Iterable<String> some, Iterable<String> others) {
    var all = new TreeSet<String>();
    some.forEach(all::add);
    others.forEach(all::add);
    return all;
  }

  @Test
  void theDefaultsMakeTheExpectedPolicies() throws Exception {
    assertThat(Yaml.documents(policies(NONE)))
        .as("run PoliciesTest.main in the folder charts, and look at the difference")
        .isEqualTo(Yaml.documents(Resources.text(DEFAULTS)));
  }

  static Stream<Path> valuesFiles() throws IOException {
    return LintTest.valuesFiles().stream();
  }

  @ParameterizedTest
  @MethodSource("valuesFiles")
  void aValuesFileMakesTheExpectedDifference(Path file) throws Exception {
    Map<String, Object> expected = Yaml.document(Resources.text(DIFFERENCES));

    // By their texts: a number in YAML is read as short a type as holds it.
    assertThat(Yaml.value(Yaml.write(difference(Files.readString(file)))))
        .as("run PoliciesTest.main in the folder charts, and look at the difference")
        .isEqualTo(expected.get(name(file)));
  }
}
