package io.pointsman.common;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class YamlNodeTest {
  private static final String DOCUMENT =
      """
      models:
        - name: llama
          port: 8000
          fast: true
          empty:
        - name: qwen
          nested:
            deep: 1
      """;

  private static YamlMap document(String text) throws ConfigException {
    return YamlNode.parse("models.yaml", text).map();
  }

  @Test
  void valuesAreReadByType() throws ConfigException {
    YamlMap first = document(DOCUMENT).required("models").list().get(0).map();
    assertThat(first.required("name").string()).isEqualTo("llama");
    assertThat(first.integer("port", 1, 65535, 1)).isEqualTo(8000);
    assertThat(first.bool("fast", false)).isTrue();
    assertThat(first.get("empty")).isNull();
    first.rejectUnknownKeys();
  }

  @Test
  void absentKeysTakeTheirDefaultsAtEveryDepth() throws ConfigException {
    YamlMap map = document("a: 1");
    assertThat(map.map("b").map("c").integer("d", 0, 9, 7)).isEqualTo(7);
    assertThat(map.string("e", "x")).isEqualTo("x");
    assertThat(map.bool("f", true)).isTrue();
  }

  @Test
  void anErrorNamesFileLineAndPath() throws ConfigException {
    YamlMap second = document(DOCUMENT).required("models").list().get(1).map();
    assertThat(second.map("nested").required("deep").error("too deep"))
        .hasMessage("models.yaml:8: models[1].nested.deep: too deep");
  }

  @Test
  void anUnknownKeyIsRefusedAtItsOwnLine() throws ConfigException {
    YamlMap map = document("known: 1\nother: 2\nnoise:\n  x: 1\n");
    assertThat(map.get("known")).isNotNull();
    assertThat(map.get("other")).isNotNull();
    assertThatThrownBy(map::rejectUnknownKeys)
        .hasMessage("models.yaml:3: noise: unknown key; known here: known, other");
  }

  @ParameterizedTest
  @CsvSource({
    "'a: 1\na: 2', 'models.yaml:2: a: duplicate key'",
    "'', 'models.yaml:1: the file is empty'",
    "'[1]', 'models.yaml:1: expected a mapping of keys to values, found a list'",
  })
  void aDocumentOfTheWrongShapeIsRefused(String text, String message) {
    assertThatThrownBy(() -> document(text))
        .isInstanceOf(ConfigException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a: [", "a: 'x", "\ta: 1", "a: 1\n--- \nb: 2", "a: *nobody", "[a]: 1"})
  void whatIsNotYamlIsRefused(String text) {
    assertThatThrownBy(() -> document(text))
        .isInstanceOf(ConfigException.class)
        .hasMessageMatching("(?s)models.yaml:\\d+: not valid YAML: .+");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "65536", "-1", "99999999999999999999", "1.5", "x", "'8000'", "true"})
  void anIntegerOutOfBoundsOrOfAnotherTypeIsRefused(String value) throws ConfigException {
    YamlMap map = document("port: " + value);
    assertThatThrownBy(() -> map.integer("port", 1, 65535, 1))
        .hasMessageStartingWith("models.yaml:1: port: expected an integer from 1 to 65535, found ");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void mangledDocumentsAreReadOrRefusedButNothingElse(int seed) {
    var random = new SplittableRandom(seed);
    for (int round = 0; round < 300; round++) {
      var text = new StringBuilder(DOCUMENT);
      for (int edit = random.nextInt(1, 6); edit > 0; edit--) {
        text.setCharAt(random.nextInt(text.length()), (char) random.nextInt(9, 127));
      }
      try {
        document(text.toString()).rejectUnknownKeys();
      } catch (ConfigException e) {
        assertThat(e).as("seed %s, text %s", seed, text).hasMessageStartingWith("models.yaml:");
      }
    }
  }

  @Test
  void whatIsNestedWithoutEndIsRefused() {
    assertThatThrownBy(() -> YamlNode.parse("f.yaml", "[".repeat(200_000)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("f.yaml:1: ");
  }
}
