package io.pointsman.plugin.endpoint.engine;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A page in Prometheus' text format, read for the names that are wanted. What is no sample is
 * passed over; a value that is no number is none.
 */
final class MetricsPage {
  private record Series(double sum, int count) {
    Series plus(double value) {
      return new Series(sum + value, count + 1);
    }
  }

  private static final Series NONE = new Series(0, 0);

  private final Map<String, Series> found = new HashMap<>();

  private MetricsPage() {}

  static MetricsPage read(byte[] page) {
    var read = new MetricsPage();
    String text = new String(page, StandardCharsets.UTF_8);
    int start = 0;
    while (start < text.length()) {
      int end = text.indexOf('\n', start);
      end = end < 0 ? text.length() : end;
      if (text.charAt(start) != '#') {
        read.sample(text, start, end);
      }
      start = end + 1;
    }
    return read;
  }

  /** {@code name{labels} value timestamp}, where labels and timestamp may be missing. */
  private void sample(String line, int start, int end) {
    int nameEnd = start;
    while (nameEnd < end && line.charAt(nameEnd) != '{' && line.charAt(nameEnd) > ' ') {
      nameEnd++;
    }
    String name = line.substring(start, nameEnd);
    if (name.isEmpty() || name.endsWith("_bucket")) {
      return;
    }
    int from =
        nameEnd < end && line.charAt(nameEnd) == '{' ? labelsEnd(line, nameEnd, end) : nameEnd;
    while (from < end && line.charAt(from) <= ' ') {
      from++;
    }
    int to = from;
    while (to < end && line.charAt(to) > ' ') {
      to++;
    }
    try {
      double value = Double.parseDouble(line.substring(from, to));
      if (Double.isFinite(value)) {
        found.merge(name, NONE.plus(value), (old, one) -> old.plus(one.sum()));
      }
    } catch (NumberFormatException e) {
      // Not ours to judge: another program's page.
    }
  }

  /** Behind the brace that closes the labels; braces in quotes do not. */
  private static int labelsEnd(String line, int open, int end) {
    boolean quoted = false;
    for (int i = open + 1; i < end; i++) {
      char c = line.charAt(i);
      if (c == '\\' && quoted) {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == '}' && !quoted) {
        return i + 1;
      }
    }
    return end;
  }

  /** The sum over all series of the first name that the page has; NaN if it has none. */
  double sum(List<String> names, String suffix) {
    Series series = first(names, suffix);
    return series.count() == 0 ? Double.NaN : series.sum();
  }

  /** The mean over all series of the first name that the page has; NaN if it has none. */
  double mean(List<String> names) {
    Series series = first(names, "");
    return series.count() == 0 ? Double.NaN : series.sum() / series.count();
  }

  private Series first(List<String> names, String suffix) {
    for (String name : names) {
      Series series = found.get(name + suffix);
      if (series != null) {
        return series;
      }
    }
    return NONE;
  }
}
