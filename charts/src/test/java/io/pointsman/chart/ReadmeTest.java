package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What is written twice is written the same. */
class ReadmeTest {
  private static final String BEGIN = "<!-- values: written by ReadmeTest -->\n";
  private static final String END = "<!-- end of values -->\n";

  /** Writes the table into the README, after values.yaml has changed. */
  public static void main(String[] args) throws IOException {
    String readme = Chart.file("README.md");
    Files.writeString(
        Chart.FOLDER.resolve("README.md"),
        readme.substring(0, readme.indexOf(BEGIN) + BEGIN.length())
            + ValuesReference.table(Chart.file("values.yaml"))
            + readme.substring(readme.indexOf(END)));
    Files.writeString(Chart.FOLDER.resolve("defaults.yaml"), Chart.file("values.yaml"));
  }

  @Test
  void theReadmeHasARowForEachKeyOfValuesYaml() {
    String readme = Chart.file("README.md");

    assertThat(readme.substring(readme.indexOf(BEGIN) + BEGIN.length(), readme.indexOf(END)))
        .as("run ReadmeTest.main in the folder charts")
        .isEqualTo(ValuesReference.table(Chart.file("values.yaml")));
  }

  @Test
  void everyValueIsDocumentedByItselfOrAsAPartOfAnother() {
    var documented = new TreeSet<String>();
    ValuesReference.read(Chart.file("values.yaml")).forEach(key -> documented.add(key.path()));
    var undocumented = new TreeSet<String>();
    collectUndocumented("", Yaml.document(Chart.file("values.yaml")), documented, undocumented);

    assertThat(undocumented).isEmpty();
  }

  private static void collectUndocumented(
      String path, Map<String, Object> values, Set<String> documented, Set<String> into) {
    values.forEach(
        (key, value) -> {
          String full = path + key;
          if (!documented.contains(full)) {
            if (value instanceof Map && !Yaml.map(value).isEmpty()) {
              collectUndocumented(full + ".", Yaml.map(value), documented, into);
            } else {
              into.add(full);
            }
          }
        });
  }

  @Test
  void defaultsYamlIsValuesYaml() {
    assertThat(Chart.file("defaults.yaml"))
        .as("run ReadmeTest.main in the folder charts")
        .isEqualTo(Chart.file("values.yaml"));
  }

  @Test
  void chartAppAndValuesHaveTheVersionOfTheProject() {
    Map<String, Object> chart = Yaml.document(Chart.file("Chart.yaml"));

    assertThat(
            List.of(
                chart.get("version"),
                chart.get("appVersion"),
                Yaml.document(Chart.file("values.yaml")).get("valuesVersion")))
        .containsOnly(System.getProperty("pointsman.version", "0.1.0"));
  }
}
