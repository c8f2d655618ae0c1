package io.pointsman.plugin.routing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A million unique prompts of 1 KiB, eight blocks each, through reader, router and block map, in a
 * JVM that has a quarter of the memory that these blocks would take: 122 MiB at 16 bytes each. The
 * way through gRPC is tested end to end, with fewer prompts.
 */
class FloodTest {
  private static final int PROMPTS = 1_000_000;
  private static final Pattern RESULT =
      Pattern.compile("prompts=(\\d+) most=(\\d+) evictions=(\\d+) followed=(\\d+)");

  @TempDir private Path folder;

  @Test
  void aMillionUniquePromptsStayUnderTheByteBudgetAndTheHeapLimit() throws Exception {
    File out = folder.resolve("out").toFile();
    Process flood =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                Flood.class.getName(),
                Integer.toString(PROMPTS))
            .redirectErrorStream(true)
            .redirectOutput(out)
            .start();
    try {
      assertThat(flood.waitFor(5, TimeUnit.MINUTES)).as("it ends").isTrue();
    } finally {
      flood.destroyForcibly();
    }
    String output = Files.readString(out.toPath(), UTF_8);
    assertThat(flood.exitValue()).as(output).isZero();
    Matcher result = RESULT.matcher(output);
    assertThat(result.find()).as(output).isTrue();
    List<Long> numbers =
        List.of(
            Long.valueOf(result.group(1)),
            Long.valueOf(result.group(2)),
            Long.valueOf(result.group(3)),
            Long.valueOf(result.group(4)));
    assertThat(numbers.get(0)).isGreaterThanOrEqualTo(PROMPTS);
    assertThat(numbers.get(1)).isBetween(Flood.BUDGET / 2L, (long) Flood.BUDGET);
    assertThat(numbers.get(2)).as("evictions").isPositive();
    assertThat(numbers.get(3)).as("followed").isEqualTo(Flood.FOLLOWED);
  }
}
