package io.pointsman.plugin.extproc;

import io.pointsman.plugin.identity.Identity;
import io.pointsman.plugin.limit.Admission;
import io.pointsman.plugin.limit.Budgets;
import io.pointsman.plugin.limit.Limit;
import io.pointsman.plugin.limit.LimitSettings;
import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.JsonEdit;
import io.pointsman.plugin.prompt.JsonSplice;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.routing.ProfileLimits;
import io.pointsman.plugin.routing.RouteRequest;
import io.pointsman.plugin.routing.Router;
import org.jspecify.annotations.Nullable;

/** Finds the limits of a request: those of its profile and those of its sender. Thread-safe. */
final class LimitGate {
  private static final int BYTES_PER_TOKEN = 4;

  private static final JsonSplice WITH_USAGE =
      new JsonSplice(JsonEdit.within("stream_options", JsonEdit.set("include_usage", "true")));

  private final Budgets budgets;
  private final LimitSettings settings;
  private final Router router;

  LimitGate(Budgets budgets, LimitSettings settings, Router router) {
    this.budgets = budgets;
    this.settings = settings;
    this.router = router;
  }

  /** True if a sender's tokens are counted. */
  static boolean countsTokens(@Nullable Identity sender) {
    return sender != null && sender.tokensPerMinute() > 0;
  }

  /** True if a sender has a budget, whose state it is told and which is given back to. */
  static boolean isCharged(@Nullable Identity sender) {
    return sender != null && (sender.requestsPerMinute() > 0 || countsTokens(sender));
  }

  /**
   * What a request is to be charged, in the order of the wire contract.
   *
   * @param sender whom it counts for, or null
   * @return null if it has no limits
   */
  @Nullable Admission admission(@Nullable Identity sender, RouteRequest request, Api api) {
    ProfileLimits profile = router.limits(request);
    boolean limitedByProfile = profile != null && !profile.isNone();
    if (sender == null && !limitedByProfile) {
      return null;
    }
    Admission admission = budgets.admission();
    if (sender != null) {
      String kind = sender.kind().label();
      admission
          .need(Limit.CALLER_REQUESTS, kind, sender.id(), sender.requestsPerMinute(), 1)
          .need(
              Limit.CALLER_TOKENS,
              kind,
              sender.id(),
              sender.tokensPerMinute(),
              tokens(api, request.body()));
    }
    if (profile != null && limitedByProfile) {
      needs(admission, profile);
    }
    if (sender != null) {
      admission.need(
          Limit.CALLER_IN_FLIGHT, sender.kind().label(), sender.id(), sender.requestsInFlight(), 1);
    }
    return admission.isEmpty() ? null : admission;
  }

  private static void needs(Admission admission, ProfileLimits of) {
    admission
        .need(Limit.MODEL_REQUESTS, of.model(), of.profile(), of.requestsPerSecond(), 1)
        .need(
            Limit.REPLICA_REQUESTS, of.model(), of.profile(), of.requestsPerSecondOfEndpoints(), 1)
        .need(Limit.MODEL_IN_FLIGHT, of.model(), of.profile(), of.requestsInflight(), 1);
  }

  /** What a request may come to: its prompt by its length, and the longest answers it asks for. */
  private long tokens(Api api, @Nullable ParsedRequest body) {
    long prompt =
        body == null ? 0 : (body.prompt().totalBytes() + BYTES_PER_TOKEN - 1L) / BYTES_PER_TOKEN;
    return switch (api) {
      case CHAT_COMPLETIONS, COMPLETIONS, RESPONSES, MESSAGES ->
          prompt + (body == null ? settings.answerTokens() : answers(body));
      default -> prompt;
    };
  }

  private long answers(ParsedRequest body) {
    long each = body.answerTokens() > 0 ? body.answerTokens() : settings.answerTokens();
    return each * body.answers();
  }

  /** True if the answer would not tell its usage, which is needed. */
  static boolean lacksUsage(@Nullable Identity sender, Api api, ParsedRequest body) {
    boolean askable = api == Api.CHAT_COMPLETIONS || api == Api.COMPLETIONS;
    return askable && body.stream() && !body.includeUsage() && countsTokens(sender);
  }

  /** The splice that asks for the usage; null if such requests are to be refused. */
  @Nullable JsonSplice addUsage() {
    return settings.addIncludeUsage() ? WITH_USAGE : null;
  }
}
