package io.pointsman.plugin.identity;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerTokenTest {
  @ParameterizedTest
  @ValueSource(strings = {"Bearer k", "bearer k", "BEARER k", "bEaReR  k ", "Bearer\tk"})
  void theSchemeIsTakenInAnyCase(String header) {
    assertThat(BearerToken.of(header)).isEqualTo("k");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Bearer", "Bearer ", "Bearerk", "Basic a2V5", "k", "Bear k"})
  void anythingElseIsNoToken(String header) {
    assertThat(BearerToken.of(header)).isNull();
  }

  @Test
  void neitherIsNoHeader() {
    assertThat(BearerToken.of(null)).isNull();
  }
}
