package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.Stack;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The table of pairs: which prefill pod computed for which decode pod, by the clients' word. */
final class PairTable {
  private static final String ROW = "%-9s %-21s %-21s %9s %7s %9s %9s";

  private PairTable() {}

  static List<String> lines(Stack stack, Figures figures) {
    var lines = new ArrayList<String>();
    lines.add(
        ROW.formatted("ROLESET", "PREFILL", "DECODE", "REQUESTS", "ERRORS", "P50 ms", "P99 ms"));
    for (Map.Entry<Figures.Pair, PodFigures> entry : new TreeMap<>(figures.pairs()).entrySet()) {
      Figures.Pair pair = entry.getKey();
      PodFigures seen = entry.getValue();
      lines.add(
          ROW.formatted(
                  stack.roleset(pair.decode()),
                  pair.prefill(),
                  pair.decode(),
                  seen.requests(),
                  seen.errors(),
                  Table.millis(seen.quantile(0.5)),
                  Table.millis(seen.quantile(0.99)))
              .stripTrailing());
    }
    return lines;
  }
}
