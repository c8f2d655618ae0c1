package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LintTest {

  @Test
  void theChartHasNothingThatAStrictLintComplainsOf() {
    var result = Chart.lint(Chart.FOLDER);

    assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
    assertThat(result.getMessages()).allMatch(message -> message.startsWith("[INFO]"));
  }

  /**
   * Helm takes values for a lint only from the chart, so the chart is copied with them as its own.
   */
  @ParameterizedTest
  @MethodSource("valuesFiles")
  void itHasNoneWithAnyOfItsValuesFilesEither(Path values, @TempDir Path folder)
      throws IOException {
    copy(Chart.FOLDER, folder);
    var merged =
        Yaml.merge(
            Yaml.document(Chart.file("values.yaml")), Yaml.document(Files.readString(values)));
    Files.writeString(folder.resolve("values.yaml"), Yaml.write(merged));

    var result = Chart.lint(folder);

    assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("valuesFiles")
  void anyOfItsValuesFilesRenders(Path values) throws IOException {
    assertThat(Chart.render(Files.readString(values)).names())
        .contains("Deployment/rel-gateway-plugin");
  }

  static List<Path> valuesFiles() throws IOException {
    try (Stream<Path> inCi = Files.list(Chart.FOLDER.resolve("ci"));
        Stream<Path> presets = Files.list(Chart.FOLDER)) {
      return Stream.concat(
              inCi.filter(file -> file.toString().endsWith("-values.yaml")),
              presets.filter(file -> file.getFileName().toString().startsWith("values-")))
          .sorted()
          .toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
  }
}
