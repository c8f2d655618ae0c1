package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;

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
  private boolean bodySeen;

  ResponseSide(RequestStream stream, StreamContext context) {
    this.stream = stream;
    this.context = context;
  }

  /** True once anything of the response was seen. */
  boolean begun() {
    return phase != ResponsePhase.AWAITING_HEADERS;
  }

  /** True if Envoy can do the rest of the response without us, and we without it. */
  boolean canGoUnseen() {
    return phase == ResponsePhase.COMPLETE
        || stream.modes().response() != BodyMode.FULL_DUPLEX_STREAMED;
  }

  /** What can be told of the end if the stream ends now. */
  Ending ending() {
    if (phase == ResponsePhase.COMPLETE) {
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
    int status = 0;
    boolean upstreamTime = false;
    for (HeaderValue header : headers.getHeaders().getHeadersList()) {
      switch (header.getKey()) {
        case HeaderRules.STATUS -> status = number(RequestHeaders.value(header));
        case HeaderRules.UPSTREAM_TIME -> upstreamTime = true;
        default -> {}
      }
    }
    stream.count(routed, status);
    if (context.settings().passiveHealth()) {
      context
          .registry()
          .report(routed.endpoint(), UpstreamOutcome.of(message, status, upstreamTime));
    }
    stream.send(context.replies().responseHeaders(routed, false));
  }

  void onBody(HttpBody message) {
    if (phase == ResponsePhase.COMPLETE) {
      afterEnd("response body");
      return;
    }
    phase = message.getEndOfStream() ? ResponsePhase.COMPLETE : ResponsePhase.PASSING_BODY;
    bodySeen = true;
    if (stream.modes().response() == BodyMode.FULL_DUPLEX_STREAMED) {
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
    if (stream.modes().response() != BodyMode.FULL_DUPLEX_STREAMED) {
      stream.outOfOrder(message + " after the end of the response");
    }
  }

  /** A three-digit status, or 0. */
  private static int number(String status) {
    if (status.length() != 3) {
      return 0;
    }
    int number = 0;
    for (int i = 0; i < 3; i++) {
      char c = status.charAt(i);
      if (c < '0' || c > '9') {
        return 0;
      }
      number = number * 10 + (c - '0');
    }
    return number;
  }
}
