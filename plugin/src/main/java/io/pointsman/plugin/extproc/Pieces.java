package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;

/** Cuts what is sent back of a full-duplex body into pieces that Envoy takes. */
final class Pieces {
  private Pieces() {}

  /** Takes one piece. */
  interface Sink {
    /** Takes the next piece; the body ends with it if it is the {@code last}. */
    void send(ByteString piece, boolean last);
  }

  /** Gives {@code body} to the sink, in one piece at least and in none that is too large. */
  static void each(ByteString body, boolean last, Sink sink) {
    int start = 0;
    do {
      int end = Math.min(start + Replies.MAX_PIECE, body.size());
      sink.send(body.substring(start, end), last && end == body.size());
      start = end;
    } while (start < body.size());
  }
}
