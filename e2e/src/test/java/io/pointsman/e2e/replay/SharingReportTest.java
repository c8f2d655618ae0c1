package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SharingReportTest {
  @Test
  void delaysAndOutagesAreJudgedByTheirGoalsAndRedisByRequests() {
    var report = new SharingReport(9);
    report.delay("idle", new double[] {4, 2, 3});
    report.delay("busy", new double[] {4, 200, 3});
    report.redis(
        new RedisUsage(
            Map.of("XADD", 300L, "EVAL", 20L, "HSET", 20L, "PING", 4L), 2048, 4096, 1 << 20),
        2_000,
        250,
        20);
    report.before(decisions(0, 1, 2, 10));
    report.during("killed", decisions(0, 1, 3, 15));
    report.after(decisions(1, 2, 2, 20), 1_240);
    report.after(decisions(0, 2, 2, 5), 2_010);

    assertThat(report.markdown("here"))
        .contains("| idle | 3 | 3.0 ms | 4.0 ms | 4.0 ms | met |\n")
        .contains("| busy | 3 | 4.0 ms | 200.0 ms | 200.0 ms | missed |\n")
        .contains(
            """
            | commands from the replicas | 162.0 |
            | of them `XADD` | 150.0 |
            | of them `EVAL` | 10.0 |
            | commands inside `EVAL` | 10.0 |
            """)
        .contains("| KiB received by Redis | 1.0 |")
        .contains("| KiB of memory more | 512.0 |")
        .contains("1024 KiB of memory more in all")
        .contains("allows 256 MiB")
        .contains("| there | 3 | 0 | 2.0 ms | 10.0 ms |  |  |\n")
        .contains("| killed | 3 | 0 | 3.0 ms | 15.0 ms | 1.50, met |  |\n")
        .contains("| back | 3 | 1 | 2.0 ms | 20.0 ms | 2.00, missed | 1.24 s, met |\n")
        .contains("| back | 3 | 0 | 2.0 ms | 5.0 ms | 0.50, met | 2.01 s, missed |\n")
        .contains("Seed 9. Taken on: here.");
  }

  private static BackgroundTraffic.Decisions decisions(int failed, double... millis) {
    return new BackgroundTraffic.Decisions(millis.length, failed, new Percentiles(millis));
  }
}
