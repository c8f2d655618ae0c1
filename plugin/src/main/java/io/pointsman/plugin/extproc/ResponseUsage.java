package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import io.pointsman.plugin.prompt.UsageReader;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads the token usage of one response while its body passes. Not thread-safe. */
final class ResponseUsage {
  private static final String EVENT_STREAM = "text/event-stream";
  private static final String JSON = "application/json";

  private final boolean eventStream;
  private final UsageReader reader;
  private boolean bodySeen;

  private ResponseUsage(boolean eventStream) {
    this.eventStream = eventStream;
    reader = new UsageReader(eventStream);
  }

  /** Null if the body is none that tells usage in a way we can read. */
  static @Nullable ResponseUsage of(ResponseHeaders headers) {
    boolean success = headers.status() >= 200 && headers.status() < 300;
    String encoding = headers.contentEncoding();
    boolean plain = encoding == null || encoding.equals("identity");
    String type = headers.contentType();
    if (!success || !plain || type == null) {
      return null;
    }
    if (hasType(type, EVENT_STREAM)) {
      return new ResponseUsage(true);
    }
    return hasType(type, JSON) ? new ResponseUsage(false) : null;
  }

  void accept(ByteString piece) {
    bodySeen = true;
    BodyBytes bytes = BodyBytes.of(piece);
    reader.accept(bytes.array(), bytes.offset(), bytes.length());
  }

  /** No more comes; returns how many tokens were generated, 0 if that was not told. */
  long end() {
    reader.end();
    return reader.seen() ? Math.max(0, reader.completionTokens()) : 0;
  }

  /**
   * Tokens of prompt and answer; -1 if they were not told, or of a stream the prompt's alone, as
   * where it is left before its end. After {@link #end}.
   */
  long tokens() {
    boolean told = eventStream ? reader.answerCounted() : reader.seen();
    return told ? Math.max(0, reader.promptTokens()) + Math.max(0, reader.completionTokens()) : -1;
  }

  /**
   * Counts the tokens that were seen, and says how the body ended. An event stream says itself when
   * it ends: clients leave then without waiting for the end of the connection, and one that ends
   * without saying so was broken off. To be called after {@link #end}.
   *
   * @param complete true if the body's end was seen
   * @param meters where tokens are counted, or null if they are not
   */
  Ending close(boolean complete, @Nullable RequestMeters meters) {
    if (meters != null && reader.seen()) {
      meters.tokens(Math.max(0, reader.promptTokens()), Math.max(0, reader.completionTokens()));
    }
    if (eventStream && reader.terminalEventSeen()) {
      return Ending.COMPLETED;
    }
    if (complete) {
      return eventStream ? Ending.BROKEN : Ending.COMPLETED;
    }
    return bodySeen ? Ending.INTERRUPTED : Ending.ENDED;
  }

  private static boolean hasType(String contentType, String type) {
    int end = contentType.indexOf(';');
    String essence = end < 0 ? contentType : contentType.substring(0, end);
    return essence.strip().toLowerCase(Locale.ROOT).equals(type);
  }
}
