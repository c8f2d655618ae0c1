package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationTest {
  @Test
  void strategyAndReplicasAreParted() {
    assertThat(Configuration.parse("prefix-cache:4"))
        .isEqualTo(new Configuration("prefix-cache", 4));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "random", ":1", "random:", "random:0", "random:many"})
  void anythingElseIsRefused(String text) {
    assertThatThrownBy(() -> Configuration.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(": " + text);
  }
}
