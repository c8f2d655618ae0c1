package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.replay.LimitCostReport.Round;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class LimitCostReportTest {
  @Test
  void sumsOfAllRoundsAreComparedAndTheGoalIsJudgedByRequests() {
    var report = new LimitCostReport();
    report.add(2_048, List.of(new Round(50, 60, 70, 300), new Round(150, 160, 230, 300)));
    report.add(16_384, List.of(new Round(50, 60, 70, 300), new Round(150, 161, 230, 300)));

    assertThat(report.markdown(2, 1_000, "here"))
        .contains("over 2 rounds of 1000 requests")
        .contains("| 2 KiB | none | 100.0 µs |  |  |  |\n")
        .containsPattern("\\| 2 KiB \\| requests \\| 110.0 µs \\| 1.100 \\| .* \\| met \\|\n")
        .containsPattern(
            "\\| 2 KiB \\| requests and tokens \\| 150.0 µs \\| 1.500 \\| .* \\|  \\|\n")
        .containsPattern("\\| 16 KiB \\| requests \\| 110.5 µs \\| 1.105 \\| .* \\| missed \\|\n")
        .contains("Taken on: here.");
  }

  @Test
  void theIntervalIsAsWideAsRoundsDiffer() {
    var alike = new LimitCostReport();
    alike.add(2_048, Collections.nCopies(20, new Round(100, 104, 120, 300)));
    var different = new LimitCostReport();
    different.add(2_048, List.of(new Round(100, 90, 120, 300), new Round(100, 118, 120, 300)));

    assertThat(alike.markdown(20, 1, "here")).contains("| 1.040 | 1.040 - 1.040 | met |");
    assertThat(different.markdown(2, 1, "here")).contains("| 1.040 | 0.900 - 1.180 | met |");
  }
}
