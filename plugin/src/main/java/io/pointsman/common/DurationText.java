package io.pointsman.common;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Durations as the Gateway API writes them (GEP-2257): one to four parts, each of one to five
 * digits and a unit of h, m, s or ms.
 */
public final class DurationText {
  private static final int MAX_PARTS = 4;
  private static final int MAX_DIGITS = 5;

  private DurationText() {}

  /** The duration, or null if the text is not one. */
  public static @Nullable Duration parse(String text) {
    Duration sum = Duration.ZERO;
    int at = 0;
    int parts = 0;
    while (at < text.length()) {
      int digits = at;
      while (digits < text.length() && "0123456789".indexOf(text.charAt(digits)) >= 0) {
        digits++;
      }
      int end = digits;
      while (end < text.length() && "hms".indexOf(text.charAt(end)) >= 0) {
        end++;
      }
      ChronoUnit unit = unit(text.substring(digits, end));
      if (unit == null || digits == at || digits - at > MAX_DIGITS || ++parts > MAX_PARTS) {
        return null;
      }
      sum = sum.plus(Integer.parseInt(text.substring(at, digits)), unit);
      at = end;
    }
    return parts == 0 ? null : sum;
  }

  /** The shortest way to write a duration of whole milliseconds. */
  public static String write(Duration duration) {
    var text = new StringBuilder();
    append(text, duration.toHours(), "h");
    append(text, duration.toMinutesPart(), "m");
    append(text, duration.toSecondsPart(), "s");
    append(text, duration.toMillisPart(), "ms");
    return text.isEmpty() ? "0s" : text.toString();
  }

  private static void append(StringBuilder text, long value, String unit) {
    if (value != 0) {
      text.append(value).append(unit);
    }
  }

  private static @Nullable ChronoUnit unit(String text) {
    return switch (text) {
      case "h" -> ChronoUnit.HOURS;
      case "m" -> ChronoUnit.MINUTES;
      case "s" -> ChronoUnit.SECONDS;
      case "ms" -> ChronoUnit.MILLIS;
      default -> null;
    };
  }
}
