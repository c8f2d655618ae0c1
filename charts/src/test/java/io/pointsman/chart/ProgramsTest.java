package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the chart tells the programs, by variables and flags, they know. */
class ProgramsTest {

  @ParameterizedTest
  @CsvSource({
    "gateway-plugin, io.pointsman.plugin.app.Main, --help",
    "xds-controller, io.pointsman.xds.app.Main, gateway --help"
  })
  void everyVariableAndFlagIsOneOfTheProgram(String container, String main, String help)
      throws Exception {
    Pattern place =
        Pattern.compile(
            "Deployment/rel-%1$s spec\\.template\\.spec\\.containers\\[%1$s\\]\\.(env|args)\\[.*"
                .formatted(container));
    var told = new TreeSet<String>();
    for (Path values : LintTest.valuesFiles()) {
      Chart.render(Files.readString(values))
          .all()
          .forEach(
              (path, value) -> {
                if (place.matcher(path).matches()) {
                  String text = String.valueOf(value);
                  if (path.endsWith("].name")) {
                    told.add(text);
                  } else if (text.startsWith("--")) {
                    told.add(text.substring(0, text.indexOf('=')));
                  }
                }
              });
    }
    told.remove("JAVA_TOOL_OPTIONS");
    var known = new TreeSet<>(List.of(printed(main, help).split("[^A-Za-z0-9_-]+")));

    assertThat(told).hasSizeGreaterThan(1);
    assertThat(known).containsAll(told);
  }

  private static String printed(String main, String arguments) throws Exception {
    var command = new ArrayList<String>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(Arrays.asList(arguments.split(" ", -1)));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
