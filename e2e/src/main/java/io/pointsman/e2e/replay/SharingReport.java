package io.pointsman.e2e.replay;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What the replicas' sharing took and cost, as Markdown. Not thread-safe. */
final class SharingReport {
  private static final double DELAY_GOAL_MILLIS = 100;
  private static final double RATIO_GOAL = 1.5;
  private static final double AGREEMENT_GOAL_MILLIS = 2_000;
  private static final double THOUSAND = 1_000;
  private static final double KIB = 1_024;

  /** Commands less frequent than this part of all are not told one by one. */
  private static final double SHOWN_PART = 0.02;

  /** What only the replicas' scripts call, and never the replicas themselves. */
  private static final Set<String> IN_SCRIPTS =
      Set.of("TIME", "HSET", "HDEL", "HGETALL", "ZADD", "ZRANGEBYSCORE", "ZREM", "PEXPIRE");

  private final long seed;
  private final StringBuilder delays = new StringBuilder();
  private final StringBuilder redis = new StringBuilder();
  private final StringBuilder outages = new StringBuilder();
  private double p99Before = Double.NaN;

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
    Map<String, Long> sent = new TreeMap<>(usage.calls());
    sent.keySet().removeAll(IN_SCRIPTS);
    long all = sent.values().stream().mapToLong(Long::longValue).sum();
    row("commands from the replicas", all / thousands);
    sent.entrySet().stream()
        .filter(entry -> entry.getValue() >= all * SHOWN_PART)
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .forEach(entry -> row("of them `" + entry.getKey() + "`", entry.getValue() / thousands));
    row("commands inside `EVAL`", (usage.commands() - all) / thousands);
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

  /** Adds decisions while Redis is there, before it goes; those after it are held against these. */
  void before(BackgroundTraffic.Decisions decisions) {
    p99Before = decisions.millis().at(99);
    outageRow("there", decisions, "", "");
  }

  /** Adds decisions while Redis is away. */
  void during(String outage, BackgroundTraffic.Decisions decisions) {
    outageRow(outage, decisions, ratio(decisions), "");
  }

  /**
   * Adds decisions after its return.
   *
   * @param agreementMillis from its return until each replica followed what the other had learnt
   */
  void after(BackgroundTraffic.Decisions decisions, double agreementMillis) {
    String agreement =
        String.format(
            Locale.ROOT,
            "%.2f s, %s",
            agreementMillis / THOUSAND,
            agreementMillis <= AGREEMENT_GOAL_MILLIS ? "met" : "missed");
    outageRow("back", decisions, ratio(decisions), agreement);
  }

  private String ratio(BackgroundTraffic.Decisions decisions) {
    double ratio = decisions.millis().at(99) / p99Before;
    return String.format(Locale.ROOT, "%.2f, %s", ratio, ratio <= RATIO_GOAL ? "met" : "missed");
  }

  private void outageRow(
      String when, BackgroundTraffic.Decisions decisions, String ratio, String agreement) {
    add(
        outages,
        "| %s | %d | %d | %.1f ms | %.1f ms | %s | %s |\n",
        when,
        decisions.count(),
        decisions.failed(),
        decisions.millis().at(50),
        decisions.millis().at(99),
        ratio,
        agreement);
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
        Time from question to decision while Redis is stopped under load, with no Envoy in between \
        (goals: 99th percentile at most %.1f times that before, replicas agree within %.0f s of \
        its return):

        | Redis | Decisions | Failed | p50 | p99 | p99 to before | Agreement |
        |---|---:|---:|---:|---:|---:|---:|
        %s
        Seed %d. Taken on: %s.
        """
        .formatted(
            DELAY_GOAL_MILLIS,
            delays,
            redis,
            RATIO_GOAL,
            AGREEMENT_GOAL_MILLIS / THOUSAND,
            outages,
            seed,
            machine);
  }

  private void row(String name, double value) {
    add(redis, "| %s | %.1f |\n", name, value);
  }

  @FormatMethod
  private static void add(StringBuilder out, String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments));
  }
}
