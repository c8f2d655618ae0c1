package io.pointsman.e2e.replay;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One configuration's numbers. Times are in trace time.
 *
 * @param requests sent
 * @param errors of them, not answered whole
 * @param waited of them, sent late because the previous turn's answer had not ended
 * @param hitRatio prompt tokens found in a pod's cache, of all prompt tokens
 * @param firstTokenP50Millis time to first token, median
 * @param firstTokenP99Millis 99th percentile
 * @param meanLoad the part of the trace's duration that pods spent on computing prompts, on average
 * @param maxLoad the same of the busiest pod
 * @param clientLagP99Millis what the client itself added, 99th percentile
 */
record Summary(
    Configuration configuration,
    int requests,
    int errors,
    int waited,
    double hitRatio,
    double firstTokenP50Millis,
    double firstTokenP99Millis,
    double meanLoad,
    double maxLoad,
    double clientLagP99Millis) {

  static Summary of(
      Configuration configuration, List<Outcome> outcomes, Cluster cluster, double traceSeconds) {
    long promptTokens = 0;
    long cachedTokens = 0;
    int waited = 0;
    var answered = outcomes.stream().filter(outcome -> outcome.error() == null).toList();
    Map<String, Long> computed = new HashMap<>();
    for (Outcome outcome : answered) {
      promptTokens += outcome.promptTokens();
      cachedTokens += outcome.cachedTokens();
      computed.merge(
          String.valueOf(outcome.servedBy()),
          (long) outcome.promptTokens() - outcome.cachedTokens(),
          Long::sum);
    }
    for (Outcome outcome : outcomes) {
      waited += outcome.waited() ? 1 : 0;
    }
    double toTraceMillis = cluster.timeScale() / 1e6;
    var firstToken =
        new Percentiles(
            answered.stream()
                .mapToDouble(outcome -> outcome.firstTokenNanos() * toTraceMillis)
                .toArray());
    var lag =
        new Percentiles(
            outcomes.stream()
                .mapToDouble(outcome -> outcome.clientLagNanos() * toTraceMillis)
                .toArray());
    double podTokens = cluster.prefillRate() * traceSeconds;
    long busiest = computed.values().stream().mapToLong(Long::longValue).max().orElse(0);
    return new Summary(
        configuration,
        outcomes.size(),
        outcomes.size() - answered.size(),
        waited,
        (double) cachedTokens / promptTokens,
        firstToken.at(50),
        firstToken.at(99),
        (promptTokens - cachedTokens) / podTokens / cluster.pods(),
        busiest / podTokens,
        lag.at(99));
  }
}
