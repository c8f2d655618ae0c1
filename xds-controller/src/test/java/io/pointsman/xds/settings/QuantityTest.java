package io.pointsman.xds.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4194304, 4194304",
    "4Mi, 4194304",
    "64Ki, 65536",
    "1k, 1000",
    "5M, 5000000",
    "2Gi, 2147483648",
    "1Ti, 1099511627776",
    "1Pi, 1125899906842624",
    "7Ei, 8070450532247928832"
  })
  void numbersOfBytesAreReadAsKubernetesReadsThem(String text, long bytes) {
    assertThat(Quantity.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Mi",
        "-1",
        "+1",
        "1.5Mi",
        "1K",
        "1ki",
        "1m",
        "1MB",
        "1Mib",
        "1 Mi",
        "8Ei",
        "9999999999999999999",
        "0x10",
        "1e3"
      })
  void anythingElseIsNotANumberOfBytes(String text) {
    assertThat(Quantity.parse(text)).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void randomQuantitiesAgreeWithExactArithmetic(long seed) {
    var random = new SplittableRandom(seed);
    String[] units = {"", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    for (int i = 0; i < 2_000; i++) {
      long number = random.nextLong(1L << random.nextInt(1, 59));
      int unit = random.nextInt(units.length);
      BigInteger factor =
          unit <= 6 ? BigInteger.valueOf(1000).pow(unit) : BigInteger.valueOf(1024).pow(unit - 6);
      BigInteger exact = BigInteger.valueOf(number).multiply(factor);
      long expected = exact.bitLength() < 64 ? exact.longValue() : -1;
      assertThat(Quantity.parse(number + units[unit]))
          .as("seed %d: %d%s", seed, number, units[unit])
          .isEqualTo(expected);
    }
  }
}
