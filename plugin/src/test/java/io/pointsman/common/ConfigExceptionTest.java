package io.pointsman.common;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ConfigExceptionTest {
  @Test
  void theMessageSaysWhereAndWhy() {
    assertThat(new ConfigException("a.yaml", 3, "x.y", "too large"))
        .hasMessage("a.yaml:3: x.y: too large");
    assertThat(new ConfigException("a.yaml", 1, "", "empty")).hasMessage("a.yaml:1: empty");
    assertThat(new ConfigException("a.yaml", "gone")).hasMessage("a.yaml: gone");
  }

  @Test
  void theMessageIsOneLineWhateverTheDocumentHolds() {
    assertThatThrownBy(
            () -> YamlNode.parse("a.yaml", "x: \"1\\n2\\e[31m\"").map().integer("x", 0, 9, 0))
        .hasMessage("a.yaml:1: x: expected an integer from 0 to 9, found \"1 2 [31m\"");
  }
}
