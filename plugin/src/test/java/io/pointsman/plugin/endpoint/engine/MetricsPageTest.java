package io.pointsman.plugin.endpoint.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MetricsPageTest {
  private static MetricsPage page(String text) {
    return MetricsPage.read(text.getBytes(UTF_8));
  }

  @Test
  void seriesOfOneNameAreSummedOrAveraged() {
    MetricsPage page =
        page(
            """
            # HELP a:b says something
            # TYPE a:b counter
            a:b{engine="0"} 1
            a:b{engine="1"} 5.0
            other 7
            """);

    assertThat(page.sum(List.of("a:b"), "")).isEqualTo(6);
    assertThat(page.mean(List.of("a:b"))).isEqualTo(3);
  }

  @Test
  void theFirstNameThatThePageHasCounts() {
    MetricsPage page = page("old 1\nnewer 2\n");

    assertThat(page.mean(List.of("newest", "newer", "old"))).isEqualTo(2);
    assertThat(page.mean(List.of("none"))).isNaN();
    assertThat(page.sum(List.of("none"), "")).isNaN();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "x 1                                | 1",
        "x{} 2                              | 2",
        "x{a=\"b c\"} 3                     | 3",
        "x{a=\"}\",b=\"\\\"} 9\"} 4         | 4",
        "x 5e-1 1700000000000               | 0.5",
        "x 6\r                              | 6",
        "x NaN                              | NaN",
        "x +Inf                             | NaN",
        "x                                  | NaN",
        "x{a=\"b                            | NaN",
        "x seven                            | NaN",
        "x_bucket{le=\"1\"} 8               | NaN",
        "{} 1                               | NaN",
      })
  void linesAreReadAsTheFormatHasThem(String line, Double value) {
    assertThat(page(line.strip()).mean(List.of("x"))).isEqualTo(value);
  }

  static LongStream seeds() {
    return LongStream.range(0, 50);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void anyBytesAreTaken(long seed) {
    var random = new SplittableRandom(seed);
    byte[] bytes = new byte[2_000];
    String alphabet = "x{}\"\\ \n#1.e=,\t";
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
    }
    String text = new String(bytes, UTF_8) + "\nknown 1\n";

    assertThat(page(text).mean(List.of("known"))).as("seed %s", seed).isEqualTo(1);
  }
}
