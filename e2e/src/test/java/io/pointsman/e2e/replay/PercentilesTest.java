package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PercentilesTest {
  @Test
  void percentilesAreValuesThatWereThere() {
    var percentiles = new Percentiles(IntStream.rangeClosed(1, 200).mapToDouble(i -> i).toArray());

    assertThat(percentiles.at(50)).isEqualTo(100);
    assertThat(percentiles.at(99)).isEqualTo(198);
    assertThat(percentiles.at(100)).isEqualTo(200);
    assertThat(percentiles.at(0.1)).isEqualTo(1);
  }

  @Test
  void orderDoesNotMatter() {
    assertThat(new Percentiles(new double[] {9, 1, 5}).at(50)).isEqualTo(5);
  }

  @Test
  void ofNothingThereIsNone() {
    assertThat(new Percentiles(new double[0]).at(50)).isNaN();
  }
}
