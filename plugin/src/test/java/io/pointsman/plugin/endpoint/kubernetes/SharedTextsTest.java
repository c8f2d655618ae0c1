package io.pointsman.plugin.endpoint.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SharedTextsTest {
  private final SharedTexts texts = new SharedTexts();

  @ParameterizedTest
  @CsvSource({"100, 10, true", "1200, 10, false", "10, 100000, true", "60, 100000, false"})
  void textsAreSharedUntilThereAreTooManyOrTooLongOnes(int others, int length, boolean shared) {
    String filler = "x".repeat(length);
    String first = filler + "first";
    assertThat(texts.apply(first)).isSameAs(first);
    for (int i = 0; i < others; i++) {
      assertThat(texts.apply(filler + i)).endsWith(String.valueOf(i));
    }

    String again = texts.apply(filler + "first");
    if (shared) {
      assertThat(again).isSameAs(first);
    } else {
      assertThat(again).isEqualTo(first).isNotSameAs(first);
    }
  }
}
