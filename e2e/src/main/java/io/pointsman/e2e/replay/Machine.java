package io.pointsman.e2e.replay;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;

/** Where and when numbers were taken. */
final class Machine {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  private Machine() {}

  /** One line: processors, memory, JDK and date (UTC). */
  static String describe() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return "%d × %s, %d GiB, %s %s, JDK %s, %s"
        .formatted(
            Runtime.getRuntime().availableProcessors(),
            processor(),
            Math.round(system.getTotalMemorySize() / (double) (1 << 30)),
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            Runtime.version(),
            LocalDate.now(ZoneOffset.UTC));
  }

  private static String processor() {
    try (var lines = Files.lines(CPU_INFO)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }
}
