package io.pointsman.chart;

import com.marcnuri.helm.DryRun;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The chart in the folder {@code pointsman}, rendered by Helm; {@code lookup} asks {@link
 * ApiServer}. Equal renderings are made once. Thread-safe.
 */
final class Chart {
  static final Path FOLDER = Path.of("pointsman");
  static final String RELEASE = "rel";
  static final String NAMESPACE = "ns";
  private static final String KUBERNETES = "1.31.0";

  private static final Map<String, Rendered> KNOWN = new ConcurrentHashMap<>();
  private static final Map<String, String> REFUSALS = new ConcurrentHashMap<>();
  private static final Map<String, String> NOTES = new ConcurrentHashMap<>();

  /** Helm leaves hooks out of what it renders, so here they are ordinary objects. */
  private static final Path WITHOUT_HOOKS = copyWithoutHooks();

  static {
    ApiServer.clear();
  }

  private Chart() {}

  /** With values laid over the defaults, one over the other. */
  static Rendered render(String... values) {
    return render(RELEASE, NAMESPACE, KUBERNETES, values);
  }

  static Rendered render(Map<String, Object> values) {
    return render(Yaml.write(values));
  }

  /** For a version of Kubernetes. */
  static Rendered renderFor(String kubernetes, String... values) {
    return render(RELEASE, NAMESPACE, kubernetes, values);
  }

  static Rendered renderAs(String release, String namespace, String... values) {
    return render(release, namespace, KUBERNETES, values);
  }

  /** Rendered anew, with what the API server holds now. */
  static Rendered renderAnew(String... values) {
    return Rendered.of(template(RELEASE, NAMESPACE, KUBERNETES, values));
  }

  private static Rendered render(
      String release, String namespace, String kubernetes, String... values) {
    String key = release + "/" + namespace + "/" + kubernetes + "\n" + String.join("\0", values);
    return KNOWN.computeIfAbsent(
        key, unused -> Rendered.of(template(release, namespace, kubernetes, values)));
  }

  private static String template(
      String release, String namespace, String kubernetes, String... values) {
    var command =
        new Helm(WITHOUT_HOOKS)
            .template()
            .withName(release)
            .withNamespace(namespace)
            .withKubeVersion(kubernetes);
    return withFiles(
        values,
        files -> {
          files.forEach(command::withValuesFile);
          return command.call();
        });
  }

  /** Why Helm refuses these values. */
  static String refusal(String... values) {
    return REFUSALS.computeIfAbsent(
        String.join("\0", values),
        unused -> {
          try {
            template(RELEASE, NAMESPACE, KUBERNETES, values);
          } catch (IllegalStateException e) {
            return String.valueOf(e.getMessage());
          }
          throw new AssertionError(
              "Helm renders what it should refuse: " + String.join("\n", values));
        });
  }

  /** What Helm prints after an installation. */
  static String notes(String... values) {
    return NOTES.computeIfAbsent(String.join("\0", values), unused -> printedNotes(values));
  }

  private static String printedNotes(String... values) {
    var command =
        new Helm(FOLDER)
            .install()
            .clientOnly()
            .dryRun()
            .withDryRunOption(DryRun.CLIENT)
            .withKubeVersion(KUBERNETES)
            .withName(RELEASE)
            .withNamespace(NAMESPACE);
    String output =
        withFiles(
            values,
            files -> {
              files.forEach(command::withValuesFile);
              return command.call().getOutput();
            });
    return output.substring(output.indexOf("NOTES:"));
  }

  /** As {@code helm lint --strict} says of a chart. */
  static LintResult lint(Path chart) {
    return new Helm(chart).lint().strict().call();
  }

  static String file(String name) {
    try {
      return Files.readString(FOLDER.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path copyWithoutHooks() {
    try {
      Path copy = Files.createTempDirectory(Path.of("target"), "chart").resolve("pointsman");
      try (Stream<Path> files = Files.walk(FOLDER)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Path target = copy.resolve(FOLDER.relativize(file).toString());
          Files.createDirectories(target.getParent());
          Files.writeString(
              target, Files.readString(file).replace("\"helm.sh/hook\"", "\"test.hook\""));
        }
      }
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface WithFiles {
    String call(List<Path> files);
  }

  private static String withFiles(String[] texts, WithFiles body) {
    var files = new ArrayList<Path>();
    try {
      try {
        for (String text : texts) {
          Path file = Files.createTempFile("values", ".yaml");
          files.add(file);
          Files.writeString(file, text);
        }
        return body.call(files);
      } finally {
        for (Path file : files) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
