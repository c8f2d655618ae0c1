package io.pointsman.e2e.replay;

import java.util.Locale;
import java.util.Map;

/** What the replicas' sharing took and cost, as Markdown. Not thread-safe. */
final class SharingReport {
  private static final double DELAY_GOAL_MILLIS = 100;
  private static final double THOUSAND = 1_000;
  private static final double KIB = 1_024;

  private final long seed;
  private final StringBuilder delays = new StringBuilder();
  private final StringBuilder redis = new StringBuilder();

  SharingReport(long seed) {
    this.seed = seed;
  }

  /** Adds a series of delays. */
  void delay(String load, double[] millis) {
    var percentiles = new Percentiles(millis);
    double p99 = percentiles.at(99);
    add(
        delays,
        "| %s | %d | %.1f ms | %.1f ms | %.1f ms | %s |\n",
        load,
        millis.length,
        percentiles.at(50),
        p99,
        percentiles.at(100),
        p99 <= DELAY_GOAL_MILLIS ? "met" : "missed");
  }

  /**
   * Sets what Redis did meanwhile.
   *
   * @param usage added by the requests
   * @param requests how many
   * @param inFlight the most at one time
   * @param seconds for how long
   */
  void redis(RedisUsage usage, int requests, int inFlight, double seconds) {
    double thousands = requests / THOUSAND;
    row("commands", usage.commands() / thousands);
    usage.calls().entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .forEach(entry -> row("of them `" + entry.getKey() + "`", entry.getValue() / thousands));
    row("KiB received by Redis", usage.inputBytes() / KIB / thousands);
    row("KiB sent by Redis", usage.outputBytes() / KIB / thousands);
    row("KiB of memory more", usage.memoryBytes() / KIB / thousands);
    add(
        redis,
        "\nOver %d requests in %.0f s, at most %d in flight: %.0f KiB of memory more in all, where"
            + " the rule of thumb of 1 GiB for 1,000 concurrent requests allows %.0f MiB.\n",
        requests,
        seconds,
        inFlight,
        usage.memoryBytes() / KIB,
        inFlight * KIB / THOUSAND);
  }

  String markdown(String machine) {
    return """
        From the decision of one replica to the following one of the other (goal: %.0f ms at the \
        99th percentile):

        | Load | Prompts | p50 | p99 | Longest | Goal |
        |---|---:|---:|---:|---:|---|
        %s
        Redis, for each 1,000 requests:

        | | |
        |---|---:|
        %s
        Seed %d. Taken on: %s.
        """
        .formatted(DELAY_GOAL_MILLIS, delays, redis, seed, machine);
  }

  private void row(String name, double value) {
    add(redis, "| %s | %.1f |\n", name, value);
  }

  private static void add(StringBuilder out, String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments));
  }
}
