package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each documented value is set once, and is seen where {@code seen.yaml} says and nowhere else. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = ApiServer.LOCK, mode = ResourceAccessMode.READ)
class ValuesTest {
  private static final Map<String, Object> SEEN = Yaml.document(Resources.text("seen.yaml"));
  private static final Map<String, Object> VALUES = Yaml.map(SEEN.get("values"));
  private static final Map<String, Object> SETTINGS = Yaml.map(SEEN.get("settings"));
  private static final String SETTINGS_FILE = "ConfigMap/rel-xds-controller data.settings.yaml.";

  /** Renderings of what is given, before the value is set. */
  private static final Map<String, Map<String, Object>> UNCHANGED = new ConcurrentHashMap<>();

  private static List<ValuesReference.Key> documented() {
    return ValuesReference.read(Chart.file("values.yaml"));
  }

  /** Values that go into the controller's settings as they are. */
  static List<ValuesReference.Key> settings() {
    return documented().stream().filter(key -> settingsPath(key.path()) != null).toList();
  }

  private static @Nullable String settingsPath(String path) {
    for (String section :
        List.of("clientTrafficPolicy", "backendTrafficPolicy", "envoyPatchPolicy")) {
      if (path.startsWith("gateway." + section + ".")) {
        return path.substring("gateway.".length());
      }
    }
    for (String part :
        List.of("messageTimeout", "failOpen", "statusOnError", "processingMode", "extProc")) {
      if (path.startsWith("gatewayPlugin." + part)) {
        return path;
      }
    }
    return path.startsWith("gatewayPlugin.accessLog.")
        ? path.substring("gatewayPlugin.".length())
        : null;
  }

  static Stream<String> rows() {
    return VALUES.keySet().stream().filter(path -> !row(path).containsKey("elsewhere"));
  }

  private static Map<String, Object> row(String path) {
    return Yaml.map(VALUES.get(path));
  }

  @Test
  void eachDocumentedValueIsLookedAt() {
    var paths = new TreeSet<String>();
    documented().forEach(key -> paths.add(key.path()));
    var lookedAt = new TreeSet<String>(VALUES.keySet());
    settings().forEach(key -> lookedAt.add(key.path()));

    assertThat(lookedAt).isEqualTo(paths);
  }

  /** What a table cannot say is in a test by itself, which names the value. */
  @Test
  void whatIsLookedAtElsewhereIsLookedAtThere() {
    var missing = new TreeSet<String>();
    for (String path : VALUES.keySet()) {
      Object elsewhere = row(path).get("elsewhere");
      String key = path.substring(path.lastIndexOf('.') + 1);
      if (elsewhere != null && !source(String.valueOf(elsewhere)).contains(key)) {
        missing.add(path + " in " + elsewhere);
      }
    }

    assertThat(missing).isEmpty();
  }

  private static String source(String test) {
    try {
      return Files.readString(Path.of("src/test/java/io/pointsman/chart", test + ".java"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("rows")
  void aValueIsSeenWhereItBelongsAndNowhereElse(String path) {
    Map<String, Object> row = row(path);
    Object value = Objects.requireNonNull(row.get("set"));
    String given = expanded(String.valueOf(row.getOrDefault("given", "{}")));
    Map<String, String> changes = changes(given, path, value);
    List<String> places =
        Yaml.list(row.get("at")).stream().map(place -> expanded((String) place)).toList();

    assertThat(changes.keySet())
        .allMatch(changed -> places.stream().anyMatch(changed::startsWith), "is in " + places);
    assertThat(places)
        .allMatch(place -> changes.keySet().stream().anyMatch(c -> c.startsWith(place)), "changes");
    for (String text : shown(row, value)) {
      assertThat(changes.values()).as("%s", changes).anyMatch(shown -> shown.contains(text));
    }
  }

  private static List<String> shown(Map<String, Object> row, Object value) {
    if (row.containsKey("shows")) {
      return List.of(String.valueOf(row.get("shows")));
    }
    var texts = new ArrayList<String>();
    collect(value, texts);
    return texts;
  }

  private static void collect(Object value, List<String> into) {
    if (value instanceof Map) {
      Yaml.map(value).values().forEach(inner -> collect(inner, into));
    } else if (value instanceof List) {
      Yaml.list(value).forEach(inner -> collect(inner, into));
    } else if (!(value instanceof Boolean)) {
      into.add(String.valueOf(value));
    }
  }

  @ParameterizedTest
  @MethodSource("settings")
  void aSettingIsSeenInTheSettingsFile(ValuesReference.Key key) {
    Object value = another(key);
    Map<String, String> changes = changes("{}", key.path(), value);
    String place = SETTINGS_FILE + settingsPath(key.path());
    List<String> beside =
        Yaml.list(SETTINGS.getOrDefault(key.path(), List.of())).stream()
            .map(p -> expanded((String) p))
            .toList();

    assertThat(changes).containsEntry(place, String.valueOf(value));
    changes.remove(place);
    assertThat(changes.keySet())
        .allMatch(changed -> beside.stream().anyMatch(changed::startsWith), "is in " + beside);
    assertThat(beside)
        .allMatch(b -> changes.keySet().stream().anyMatch(c -> c.startsWith(b)), "changes");
  }

  private static Object another(ValuesReference.Key key) {
    if (key.path().endsWith("request.body") || key.path().endsWith("response.body")) {
      return "Streamed";
    }
    if (key.path().endsWith("bufferLimit")) {
      return "3Mi";
    }
    if (key.path().endsWith("statusOnError")) {
      return 504;
    }
    if (key.path().endsWith("messageTimeout")) {
      return "20s";
    }
    if (key.path().endsWith("route.connectTimeout")) {
      return "7s";
    }
    Object value = key.defaultValue();
    if (value instanceof Boolean flag) {
      return !flag;
    }
    if (value instanceof Integer number) {
      // Fewer requests need fewer streams, so no other setting has to follow.
      return key.path().endsWith("circuitBreakers.maxRequests") ? number - 1 : number + 1;
    }
    return key.path().endsWith("initialConnectionWindowSize") ? "2Mi" : "99m";
  }

  /**
   * What Helm makes up is in the API server from the start, so that it does not change from one
   * rendering to the next.
   */
  @BeforeAll
  static void keepSecrets() {
    ApiServer.clear();
    Rendered all = Chart.renderAnew(SecretsTest.ALL);
    SecretsTest.MADE.forEach(secret -> ApiServer.put(all.object(secret)));
  }

  /** What one value changes: object and path, and what is there then. */
  private static Map<String, String> changes(String given, String path, Object value) {
    String override = Yaml.write(Yaml.at(path, value));
    Map<String, Object> before =
        UNCHANGED.computeIfAbsent(given, values -> Chart.renderAnew(values).all());
    Map<String, Object> after = Chart.renderAnew(given, override).all();
    var changes = new TreeMap<String, String>();
    Stream.of(before.keySet(), after.keySet())
        .flatMap(Set::stream)
        .filter(place -> !Objects.equals(before.get(place), after.get(place)))
        .forEach(place -> changes.put(place, String.valueOf(after.get(place))));
    return changes;
  }

  private static String expanded(String text) {
    String expanded = text;
    for (Map.Entry<String, Object> entry : Yaml.map(SEEN.get("texts")).entrySet()) {
      if (text.startsWith(entry.getKey() + " ") || text.equals(entry.getKey())) {
        expanded = (entry.getValue() + text.substring(entry.getKey().length()).stripLeading());
      }
    }
    return expanded;
  }
}
