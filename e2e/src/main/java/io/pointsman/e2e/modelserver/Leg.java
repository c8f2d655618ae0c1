package io.pointsman.e2e.modelserver;

import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/**
 * What a request is to a server that shares the work with another.
 *
 * @param call the request as it is to be served
 * @param kind how the prompt's KV cache comes about
 * @param ready completes when the engine may begin, or fails with a {@link TransferFailure}
 * @param prefilled run when the prompt is computed
 * @param whole changes the body of an answer that is not streamed
 */
record Leg(
    ApiCall call,
    Kind kind,
    CompletableFuture<?> ready,
    Runnable prefilled,
    UnaryOperator<String> whole) {
  /** The answer's header that tells the kind. */
  static final String HEADER = "x-kv-transfer";

  /** How the KV cache of a prompt comes about. */
  enum Kind {
    /** Computed here, for this answer. */
    WHOLE,
    /** Computed here for another server. */
    PREFILL,
    /** Fetched from another server. */
    FETCHED,
    /** Computed here, where it should have been fetched. */
    RECOMPUTED;

    String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static Leg whole(ApiCall call) {
    return alone(call, Kind.WHOLE);
  }

  static Leg recomputed(ApiCall call) {
    return alone(call, Kind.RECOMPUTED);
  }

  private static Leg alone(ApiCall call, Kind kind) {
    return new Leg(
        call, kind, CompletableFuture.completedFuture(null), () -> {}, UnaryOperator.identity());
  }

  /** For a prompt that is computed now and told of in the answer. */
  static Leg prefill(ApiCall call, UnaryOperator<String> whole) {
    return new Leg(call, Kind.PREFILL, CompletableFuture.completedFuture(null), () -> {}, whole);
  }

  /** For a prompt whose KV cache comes from elsewhere. */
  static Leg fetched(ApiCall call, CompletableFuture<?> ready) {
    return new Leg(call, Kind.FETCHED, ready, () -> {}, UnaryOperator.identity());
  }
}
