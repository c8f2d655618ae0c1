package io.pointsman.e2e.modelserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenIdsTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void aTextComesBackFromItsTokens(long seed) {
    var random = new SplittableRandom(seed);
    for (int step = 0; step < 200; step++) {
      var text = new StringBuilder();
      int length = random.nextInt(20);
      for (int i = 0; i < length; i++) {
        // From every length that UTF-8 knows, without the surrogates.
        text.appendCodePoint(
            random.nextBoolean() ? random.nextInt(1, 0xd800) : random.nextInt(0x10000, 0x10ffff));
      }
      assertThat(TokenIds.text(TokenIds.of(text.toString())))
          .as("seed %d, step %d", seed, step)
          .isEqualTo(text.toString());
    }
  }
}
