package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import org.jspecify.annotations.Nullable;

/**
 * The response half of a stream: tells the client who served, and passive health what came of it.
 * Answers of Envoy's own come here too, also before the request was decided, or without any request
 * message before them. Nothing of an answer is ever replaced. Called under the stream's lock.
 */
final class ResponseSide {
  private final RequestStream stream;
  private final StreamContext context;
  private ResponsePhase phase = ResponsePhase.AWAITING_HEADERS;
  private boolean headersSeen;

  /** When the headers of a success came, or 0. */
  private long succeededNanos;

  private boolean bodySeen;

  /** Tokens that the request used; -1 if that is not known. */
  private long tokens = -1;

  private @Nullable ResponseUsage usage;

  ResponseSide(RequestStream stream, StreamContext context) {
    this.stream = stream;
    this.context = context;
  }

  /** True once anything of the response was seen. */
  boolean begun() {
    return phase != ResponsePhase.AWAITING_HEADERS;
  }

  /** True once all of the response was seen. */
  boolean complete() {
    return phase == ResponsePhase.COMPLETE;
  }

  /** Tokens that the request used; -1 if that is not known. To be called after {@link #close}. */
  long tokens() {
    return tokens;
  }

  /** True if Envoy can do the rest of the response without us, and we without it. */
  boolean canGoUnseen() {
    return switch (phase) {
      case COMPLETE -> true;
      case PASSING_BODY -> !isFullDuplex() && usage == null;
      case AWAITING_HEADERS ->
          !isFullDuplex() && !context.settings().usageMetrics() && !stream.countsTokens();
    };
  }

  /**
   * Counts the tokens and the time that were seen, and says what is known of the end. To be called
   * once.
   *
   * @param cutOff true if the response goes on without us
   */
  Ending close(RoutedRequest routed, RequestMeters meters, boolean cutOff) {
    boolean complete = phase == ResponsePhase.COMPLETE;
    if (succeededNanos != 0 && !cutOff) {
      long now = System.nanoTime();
      routed.endpoint().observations().streamedFor(now - succeededNanos, now);
    }
    if (usage != null) {
      routed.endpoint().observations().generated(usage.end());
      tokens = usage.tokens();
      return usage.close(complete, context.settings().usageMetrics() ? meters : null);
    }
    if (complete) {
      return Ending.COMPLETED;
    }
    return bodySeen ? Ending.INTERRUPTED : Ending.ENDED;
  }

  void onHeaders(ProcessingRequest message) {
    if (headersSeen || begun()) {
      stream.outOfOrder("second response headers");
      return;
    }
    HttpHeaders headers = message.getResponseHeaders();
    phase = headers.getEndOfStream() ? ResponsePhase.COMPLETE : ResponsePhase.PASSING_BODY;
    headersSeen = true;
    RoutedRequest routed = stream.routed();
    if (routed == null) {
      stream.send(Replies.RESPONSE_HEADERS_UNCHANGED);
      return;
    }
    ResponseHeaders read = ResponseHeaders.read(headers.getHeaders());
    stream.count(routed, read.status());
    PrefillNote prefill = routed.prefill();
    if (prefill != null && prefill.bySidecar()) {
      routed.releasePrefill();
    }
    if (read.status() >= 400) {
      // Whoever refused it, the endpoint has not computed the prompt.
      routed.decision().reservation().refused();
      if (!UpstreamOutcome.tookTooLong(message)) {
        tokens = 0;
      }
      if (UpstreamOutcome.wasNeverSent(message)) {
        stream.refund();
      }
    }
    if (read.status() >= 200 && read.status() < 400) {
      // What fails fast is not fast.
      long now = System.nanoTime();
      succeededNanos = now;
      routed.endpoint().observations().headersAfter(now - routed.decidedNanos(), now);
      if (prefill != null && prefill.doneNanos() != 0) {
        context.prefiller().transferWaited(routed.endpoint().model(), now - prefill.doneNanos());
      }
    }
    if (context.settings().passiveHealth()) {
      context.registry().report(routed.endpoint(), UpstreamOutcome.of(message, read));
    }
    StreamModes modes = stream.modes();
    boolean wanted =
        (context.settings().usageMetrics() || stream.countsTokens())
            && phase != ResponsePhase.COMPLETE;
    if (wanted && (modes.overridable() || modes.response() != BodyMode.NONE)) {
      usage = ResponseUsage.of(read);
    }
    stream.send(
        context
            .replies()
            .responseHeaders(routed, usage != null && modes.overridable(), stream.admission()));
  }

  void onBody(HttpBody message) {
    if (phase == ResponsePhase.COMPLETE) {
      afterEnd("response body");
      return;
    }
    phase = message.getEndOfStream() ? ResponsePhase.COMPLETE : ResponsePhase.PASSING_BODY;
    bodySeen = true;
    if (usage != null) {
      usage.accept(message.getBody());
    }
    if (isFullDuplex()) {
      Pieces.each(
          message.getBody(),
          message.getEndOfStream(),
          (piece, last) -> stream.send(Replies.responsePiece(piece, last)));
    } else {
      stream.send(Replies.RESPONSE_BODY_UNCHANGED);
    }
  }

  void onTrailers() {
    if (phase == ResponsePhase.COMPLETE) {
      afterEnd("response trailers");
      return;
    }
    phase = ResponsePhase.COMPLETE;
    stream.send(Replies.RESPONSE_TRAILERS_UNCHANGED);
  }

  private void afterEnd(String message) {
    if (!isFullDuplex()) {
      stream.outOfOrder(message + " after the end of the response");
    }
  }

  private boolean isFullDuplex() {
    return stream.modes().response() == BodyMode.FULL_DUPLEX_STREAMED;
  }
}
