package io.pointsman.plugin.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KnownHeaderTest {
  private final KnownHeader header = new KnownHeader("target-pod");

  @Test
  void valueIsBuiltOnce() {
    assertThat(header.of("10.0.0.1:8000")).isSameAs(header.of("10.0.0.1:8000"));
  }

  @Test
  void everyValueIsRightHoweverManyThereAre() {
    for (int i = 0; i < 10_000; i++) {
      String value = "10.0.0.1:" + i;
      assertThat(header.of(value).getHeader().getRawValue().toStringUtf8()).isEqualTo(value);
      assertThat(header.of(value).getHeader().getKey()).isEqualTo("target-pod");
    }
  }
}
