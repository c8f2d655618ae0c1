package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaTest {

  @ParameterizedTest
  @MethodSource("wrong")
  void aValueOfTheWrongFormIsRefusedWithItsPath(String path, String value) {
    assertThat(Chart.refusal(Yaml.write(Yaml.at(path, Yaml.value(value)))))
        .contains("/" + path.replace('.', '/'));
  }

  static Stream<Arguments> wrong() {
    return Resources.text("refused.txt")
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.split(" \\| ", 2))
        .map(parts -> arguments(parts[0], parts[1]));
  }

  /** One unknown key in each map that has documented keys. */
  @Test
  void unknownKeysAreRefusedEverywhere() {
    Map<String, Object> values = Map.of();
    for (String group : groups()) {
      String path = group.isEmpty() ? "unknownKey" : group + ".unknownKey";
      values = Yaml.merge(values, Yaml.at(path, "x"));
    }
    String refusal = Chart.refusal(Yaml.write(values));

    assertThat(groups())
        .allSatisfy(
            group ->
                assertThat(refusal)
                    .contains(
                        "at '%s': additional properties 'unknownKey' not allowed"
                            .formatted(group.isEmpty() ? "" : "/" + group.replace('.', '/'))));
  }

  private static Set<String> groups() {
    var groups = new TreeSet<String>();
    for (var key : ValuesReference.read(Chart.file("values.yaml"))) {
      int dot = key.path().lastIndexOf('.');
      groups.add(dot < 0 ? "" : key.path().substring(0, dot));
    }
    groups.remove("global"); // Helm hands it to every chart, so others have keys there.
    return groups;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "certmanager",
        "controllerManager",
        "crd",
        "gateway.envoySideCar",
        "gatewayPlugin.initContainer",
        "gpuOptimizer",
        "metadata.service",
        "metadata.serviceAccount",
        "webhook"
      })
  void keysForPartsOfAibrixThatAreNotHereAreAcceptedAndNamedInTheNotes(String path) {
    String values = Yaml.write(Yaml.at(path, Map.of("any", Map.of("thing", 1))));

    assertThat(new TreeMap<>(Chart.render(values).objects()).keySet())
        .isEqualTo(new TreeMap<>(Chart.render().objects()).keySet());
    assertThat(Chart.notes(values)).contains("without effect").contains(path);
    assertThat(Chart.notes()).doesNotContain("without effect");
  }
}
