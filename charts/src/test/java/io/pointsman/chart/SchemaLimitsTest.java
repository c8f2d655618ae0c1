package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every value beyond each of its limits in values.schema.json is refused. */
class SchemaLimitsTest {
  private static final Map<String, Object> SCHEMA = Yaml.document(Chart.file("values.schema.json"));

  /** Texts of which every pattern refuses at least one. */
  private static final List<String> TEXTS = List.of("", "no such: text!", "/ /", "-");

  /** What is wrong for each value, by its path with slashes: one value for each limit. */
  private static final SortedMap<String, List<Object>> WRONG = new TreeMap<>();

  static {
    collect("", SCHEMA);
  }

  private static Map<String, Object> resolved(Map<String, Object> node) {
    if (node.get("$ref") instanceof String ref) {
      String name = ref.substring(ref.lastIndexOf('/') + 1);
      return resolved(Yaml.map(Yaml.map(SCHEMA.get("definitions")).get(name)));
    }
    return node;
  }

  private static void collect(String path, Map<String, Object> unresolved) {
    Map<String, Object> node = resolved(unresolved);
    if (!path.isEmpty() && isLimited(node)) {
      WRONG.put(path, wrong(node));
    }
    // What stands below a definition of Kubernetes is in refused.txt, form by form.
    boolean ours = !unresolved.containsKey("$ref");
    if (ours && node.get("properties") instanceof Map<?, ?> properties) {
      Yaml.map(properties).forEach((key, inner) -> collect(path + "/" + key, Yaml.map(inner)));
    }
  }

  /** Keys for parts of AIBrix take anything. */
  private static boolean isLimited(Map<String, Object> node) {
    return !node.keySet().equals(Set.of("description"));
  }

  private static List<Object> wrong(Map<String, Object> node) {
    var wrong = new ArrayList<Object>();
    if (node.get("anyOf") instanceof List<?> alternatives) {
      // Wrong for each of them: of no type that any has, and the first beyond each one's limits.
      wrong.add(true);
      for (Object alternative : alternatives) {
        Map<String, Object> one = resolved(Yaml.map(alternative));
        wrong.addAll(one.containsKey("const") ? List.of() : beyond(one));
      }
      return wrong;
    }
    wrong.add(
        node.containsKey("enum")
            ? "no such value"
            : ofAnotherType(String.valueOf(node.get("type"))));
    wrong.addAll(beyond(node));
    return wrong;
  }

  private static Object ofAnotherType(String type) {
    return List.of("string", "array").contains(type) ? 3 : List.of("a list");
  }

  private static List<Object> beyond(Map<String, Object> node) {
    var wrong = new ArrayList<Object>();
    if (node.get("minimum") instanceof Integer minimum) {
      wrong.add(minimum - 1);
    }
    if (node.get("maximum") instanceof Number maximum) {
      wrong.add(maximum.longValue() + 1);
    }
    if (node.get("pattern") instanceof String pattern) {
      Pattern compiled = Pattern.compile(pattern);
      wrong.add(
          TEXTS.stream().filter(text -> !compiled.matcher(text).find()).findFirst().orElseThrow());
    }
    if (node.get("maxLength") instanceof Integer length) {
      wrong.add("a".repeat(length + 1));
    }
    if (node.get("minLength") instanceof Integer) {
      wrong.add("");
    }
    if (node.get("minItems") instanceof Integer) {
      wrong.add(List.of());
    }
    if (node.get("items") instanceof Map<?, ?> items) {
      wrong(resolved(Yaml.map(items))).forEach(item -> wrong.add(List.of(item)));
    }
    return wrong;
  }

  static Stream<Integer> rounds() {
    int most = WRONG.values().stream().mapToInt(List::size).max().orElseThrow();
    return Stream.iterate(0, round -> round < most, round -> round + 1);
  }

  /** Helm names all faults at once, so each round has one for every value that has as many. */
  @ParameterizedTest
  @MethodSource("rounds")
  void aValueBeyondItsLimitIsRefusedWithItsPath(int round) {
    Map<String, Object> values = Map.of();
    var expected = new TreeMap<String, Object>();
    for (Map.Entry<String, List<Object>> entry : WRONG.entrySet()) {
      // Where a map itself is wrong nothing below it is looked at.
      if (round < entry.getValue().size() && isLeaf(entry.getKey())) {
        Object value = entry.getValue().get(round);
        expected.put(entry.getKey(), value);
        values = Yaml.merge(values, Yaml.at(entry.getKey().substring(1).replace('/', '.'), value));
      }
    }
    String refusal = Chart.refusal(Yaml.write(values));

    var accepted = new TreeMap<String, Object>(expected);
    accepted.keySet().removeIf(path -> isNamed(path, refusal));
    assertThat(accepted).isEmpty();
  }

  /** A list is also refused for its first item. */
  private static boolean isNamed(String path, String refusal) {
    return refusal.contains("at '" + path + "'") || refusal.contains("at '" + path + "/0'");
  }

  private static boolean isLeaf(String path) {
    return WRONG.keySet().stream().noneMatch(other -> other.startsWith(path + "/"));
  }

  @Test
  void everyDocumentedValueHasALimit() {
    var unlimited = new TreeSet<String>();
    for (ValuesReference.Key key : ValuesReference.read(Chart.file("values.yaml"))) {
      String path = "/" + key.path().replace('.', '/');
      if (!WRONG.containsKey(path)) {
        unlimited.add(path);
      }
    }

    assertThat(unlimited).isEmpty();
  }

  /** Whatever has a form is held to it, to the second level; these take anything below. */
  @Test
  void onlyWhatIsSomebodyElsesIsFree() {
    var free = new TreeSet<String>();
    Yaml.map(SCHEMA.get("definitions"))
        .forEach((name, definition) -> collectFree(name, Yaml.map(definition), free));
    collectFree("values", SCHEMA, free);
    free.removeIf(path -> path.startsWith("volume."));

    assertThat(free)
        .containsExactly(
            "envoyPatch.value",
            "lifecycle.postStart",
            "lifecycle.preStop",
            "values.gateway.envoyProxy.extraPatch",
            "values.global");
  }

  private static void collectFree(String path, Map<String, Object> node, Set<String> into) {
    boolean map = "object".equals(node.get("type"));
    boolean open =
        !node.containsKey("additionalProperties") || node.get("additionalProperties").equals(true);
    boolean free = "#/definitions/free".equals(node.get("$ref"));
    if (free || (map && open && !path.equals("free"))) {
      into.add(path);
    }
    if (node.get("items") instanceof Map<?, ?> items) {
      collectFree(path + "[]", Yaml.map(items), into);
    }
    if (node.get("properties") instanceof Map<?, ?> properties) {
      Yaml.map(properties)
          .forEach((key, inner) -> collectFree(path + "." + key, Yaml.map(inner), into));
    }
  }
}
