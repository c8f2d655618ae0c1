package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.pointsman.plugin.limit.Admission;
import io.pointsman.plugin.limit.Limit;
import io.pointsman.plugin.limit.Verdict;
import java.util.ArrayList;
import java.util.List;

/** What clients are told of budgets: errors, and the usual {@code x-ratelimit} headers. */
final class LimitReplies {
  private static final int MS_PER_SECOND = 1_000;
  private static final String RATE_LIMIT_EXCEEDED = "rate_limit_exceeded";

  private LimitReplies() {}

  static Rejection refused(Verdict.Refused refused) {
    long most = refused.most();
    return switch (refused.limit()) {
      case MODEL_REQUESTS, REPLICA_REQUESTS ->
          exceeded("x-error-model-rps-exceeded", most + " requests per second of this model");
      case CALLER_REQUESTS -> exceeded("x-error-rpm-exceeded", most + " requests per minute");
      case CALLER_TOKENS -> exceeded("x-error-tpm-exceeded", most + " tokens per minute");
      case MODEL_IN_FLIGHT ->
          exceeded("x-error-model-inflight-exceeded", most + " requests of this model at once");
      case CALLER_IN_FLIGHT -> exceeded("x-error-inflight-exceeded", most + " requests at once");
    };
  }

  private static Rejection exceeded(String header, String what) {
    return new Rejection(
        429,
        header,
        "true",
        "the limit of " + what + " is reached",
        RATE_LIMIT_EXCEEDED,
        null,
        "pointsman_limit_exceeded");
  }

  static Rejection unavailable(Limit limit) {
    String header =
        switch (limit) {
          case MODEL_REQUESTS, REPLICA_REQUESTS, MODEL_IN_FLIGHT -> "x-error-incr-model-rps";
          case CALLER_REQUESTS, CALLER_IN_FLIGHT -> "x-error-incr-rpm";
          case CALLER_TOKENS -> "x-error-incr-tpm";
        };
    return new Rejection(
        503,
        header,
        "true",
        "limits cannot be checked at the moment",
        "service_unavailable",
        null,
        "pointsman_limit_unavailable");
  }

  /** Seconds until it is of use to come again, and how the budget stands that is spent. */
  static List<HeaderValueOption> headers(Verdict.Refused refused) {
    long seconds = Math.max(1, (refused.resetMs() + MS_PER_SECOND - 1) / MS_PER_SECOND);
    HeaderValueOption retry = HeaderOptions.overwrite("retry-after", Long.toString(seconds));
    if (refused.limit().isInFlight()) {
      return List.of(retry);
    }
    boolean tokens = refused.limit() == Limit.CALLER_TOKENS;
    var spent = new Admission.Standing(refused.most(), 0, refused.resetMs());
    return List.of(retry, limit(tokens, spent), remaining(tokens, spent), reset(tokens, spent));
  }

  /** How the budgets of a request stand that was admitted. */
  static List<HeaderValueOption> headers(Admission admission) {
    Admission.Standing requests = admission.requests();
    Admission.Standing tokens = admission.tokens();
    if (tokens == null) {
      return requests == null ? List.of() : standing(false, requests);
    }
    var all = new ArrayList<>(standing(true, tokens));
    if (requests != null) {
      all.addAll(standing(false, requests));
    }
    return all;
  }

  private static List<HeaderValueOption> standing(boolean tokens, Admission.Standing standing) {
    return List.of(limit(tokens, standing), remaining(tokens, standing), reset(tokens, standing));
  }

  private static HeaderValueOption limit(boolean tokens, Admission.Standing standing) {
    return HeaderOptions.overwrite(
        tokens ? "x-ratelimit-limit-tokens" : "x-ratelimit-limit-requests",
        Long.toString(standing.most()));
  }

  private static HeaderValueOption remaining(boolean tokens, Admission.Standing standing) {
    return HeaderOptions.overwrite(
        tokens ? "x-ratelimit-remaining-tokens" : "x-ratelimit-remaining-requests",
        Long.toString(standing.remaining()));
  }

  private static HeaderValueOption reset(boolean tokens, Admission.Standing standing) {
    return HeaderOptions.overwrite(
        tokens ? "x-ratelimit-reset-tokens" : "x-ratelimit-reset-requests",
        duration(standing.resetMs()));
  }

  /** As OpenAI writes durations: {@code 412ms}, {@code 17.25s}. */
  static String duration(long ms) {
    if (ms < MS_PER_SECOND) {
      return ms + "ms";
    }
    String fraction = Long.toString(MS_PER_SECOND + ms % MS_PER_SECOND).substring(1);
    int end = fraction.length();
    while (end > 0 && fraction.charAt(end - 1) == '0') {
      end--;
    }
    String seconds = Long.toString(ms / MS_PER_SECOND);
    return end == 0 ? seconds + "s" : seconds + "." + fraction.substring(0, end) + "s";
  }
}
