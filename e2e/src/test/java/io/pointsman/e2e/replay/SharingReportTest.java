package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SharingReportTest {
  @Test
  void delaysAreJudgedByTheGoalAndRedisByRequests() {
    var report = new SharingReport(9);
    report.delay("idle", new double[] {4, 2, 3});
    report.delay("busy", new double[] {4, 200, 3});
    report.redis(
        new RedisUsage(Map.of("XADD", 300L, "SET", 20L), 2048, 4096, 1 << 20), 2_000, 250, 20);

    assertThat(report.markdown("here"))
        .contains("| idle | 3 | 3.0 ms | 4.0 ms | 4.0 ms | met |\n")
        .contains("| busy | 3 | 4.0 ms | 200.0 ms | 200.0 ms | missed |\n")
        .contains("| commands | 160.0 |\n| of them `XADD` | 150.0 |\n| of them `SET` | 10.0 |\n")
        .contains("| KiB received by Redis | 1.0 |")
        .contains("| KiB of memory more | 512.0 |")
        .contains("1024 KiB of memory more in all")
        .contains("allows 256 MiB")
        .contains("Seed 9. Taken on: here.");
  }
}
