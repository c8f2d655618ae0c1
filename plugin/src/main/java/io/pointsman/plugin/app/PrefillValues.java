package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.SettingValues.expected;

import io.pointsman.common.DurationText;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.prefill.PrefillSettings;
import io.pointsman.plugin.routing.PdRules;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads what is set for the strategy {@code pd} and for prefills. */
final class PrefillValues {
  private static final Duration SHORTEST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofHours(1);
  private static final int MAX_COUNT = 1_000_000;
  private static final int MAX_BYTES = 1 << 30;

  /** An HTTP client sets these itself, or they belong to one connection. */
  private static final Set<String> NOT_PASSED =
      Set.of(
          "connection",
          "content-length",
          "content-type",
          "expect",
          "host",
          "te",
          "transfer-encoding",
          "upgrade",
          "x-request-id");

  /**
   * What an Envoy is asked for of which nothing is told: as long as the xDS settings allow by
   * default. One that may not be asked ignores it.
   */
  private static final Duration UNKNOWN_ENVOY = Duration.ofSeconds(60);

  private PrefillValues() {}

  static PdRules rules(SettingValues values, PrefillSettings prefill) {
    PdRules defaults = PdRules.DEFAULTS;
    return new PdRules(
        values.integer(Setting.PD_PREFILL_SPREAD, 1, MAX_COUNT),
        values.integer(Setting.PD_DECODE_SPREAD, 1, MAX_COUNT),
        oneOf(
            values,
            Setting.PD_PREFILL_SCORE_POLICY,
            defaults.prefillPolicy(),
            Profile.Prefill.PREFILL_POLICIES),
        oneOf(
            values,
            Setting.PD_DECODE_SCORE_POLICY,
            defaults.decodePolicy(),
            Profile.Prefill.DECODE_POLICIES),
        values.fraction(Setting.PD_SKIP_SHARE, 1),
        prefill.decodeOnFailure());
  }

  static PrefillSettings read(SettingValues values) {
    boolean asks =
        values.isSet(Setting.MAX_MESSAGE_TIMEOUT) || !values.isSet(Setting.MESSAGE_TIMEOUT);
    Setting bound = asks ? Setting.MAX_MESSAGE_TIMEOUT : Setting.MESSAGE_TIMEOUT;
    Duration longest =
        values.isSet(bound) ? values.duration(bound, SHORTEST, LONGEST) : UNKNOWN_ENVOY;
    if (asks && values.isSet(Setting.MESSAGE_TIMEOUT)) {
      values.duration(Setting.MESSAGE_TIMEOUT, SHORTEST, LONGEST);
    }
    Duration deadline = values.duration(Setting.PREFILL_DEADLINE, SHORTEST, LONGEST);
    if (deadline.compareTo(longest) >= 0) {
      values.addError(
          Setting.PREFILL_DEADLINE,
          "must be below %s, which is %s: Envoy would give up first"
              .formatted(bound.flag(), DurationText.write(longest)));
    }
    return new PrefillSettings(
        oneOf(values, Setting.PREFILL_BY, "plugin", List.of("plugin", "sidecar")).equals("sidecar"),
        callTimeout(values),
        deadline,
        values.integer(Setting.PREFILL_MAX_RESPONSE_BYTES, 1024, MAX_BYTES),
        values.integer(Setting.PREFILL_MAX_PER_POD, 1, MAX_COUNT),
        values.integer(Setting.PREFILL_ATTEMPTS, 1, 100),
        values.read(Setting.PREFILL_HEADERS, List.of(), PrefillValues::names),
        asks ? longest : null,
        oneOf(values, Setting.PD_ON_PREFILL_FAILURE, "decode-only", Profile.Prefill.ON_FAILURE)
            .equals("decode-only"));
  }

  private static Duration callTimeout(SettingValues values) {
    return values.read(
        Setting.PREFILL_TIMEOUT,
        SHORTEST,
        text -> {
          boolean seconds = !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
          Duration time = DurationText.parse(seconds ? text + "s" : text);
          if (time == null || time.compareTo(SHORTEST) < 0 || time.compareTo(LONGEST) > 0) {
            throw expected("10ms to 1h", text);
          }
          return time;
        });
  }

  private static List<String> names(String text) {
    List<String> names = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String name = part.strip().toLowerCase(Locale.ROOT);
      if (name.isEmpty()) {
        continue;
      }
      if (!isToken(name) || NOT_PASSED.contains(name)) {
        throw new IllegalArgumentException("cannot be passed on: " + name);
      }
      names.add(name);
    }
    return names;
  }

  /** RFC 9110, less what no header of Envoy's is called. */
  private static boolean isToken(String name) {
    return name.chars()
        .allMatch(c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || "-_.~!".indexOf(c) >= 0);
  }

  private static String oneOf(
      SettingValues values, Setting setting, String otherwise, List<String> valid) {
    return values.read(
        setting,
        otherwise,
        text -> {
          if (!valid.contains(text)) {
            throw expected(String.join(" or ", valid), text);
          }
          return text;
        });
  }
}
