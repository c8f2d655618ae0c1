package io.pointsman.plugin.prompt;

/**
 * Reads the token usage out of a response body while it passes, chunk by chunk, cut anywhere. Keeps
 * nothing of the body but some bytes of state, however long it is, and never fails: what is not
 * understood is passed over and the usage stays unknown.
 *
 * <p>Understands the {@code usage} objects of OpenAI's APIs ({@code prompt_tokens}, {@code
 * completion_tokens}), of Anthropic's ({@code input_tokens}, {@code output_tokens}, also inside
 * {@code message}) and of the Responses API (inside {@code response}), in a JSON body or in
 * server-sent events (WHATWG HTML, 9.2.6: CR, LF or CRLF, data over several lines). A later value
 * takes the place of an earlier one. Not thread-safe; one for each response.
 */
public final class UsageReader {
  private static final String DATA = "data";
  private static final String DONE = "[DONE]";
  private static final String BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";
  private static final int MISMATCH = -1;

  /** Where in a line of an event stream the next byte stands. */
  private enum Place {
    FIELD,
    AFTER_COLON,
    DATA,
    IGNORED
  }

  private final boolean eventStream;
  private final UsageDocument document = new UsageDocument();
  private long promptTokens = -1;
  private long completionTokens = -1;
  private boolean answerCounted;
  private boolean terminalEventSeen;

  private Place place = Place.FIELD;
  private boolean afterCarriageReturn;
  private boolean lineEmpty = true;
  private boolean eventHasData;

  /** How many bytes match the start of each text, or MISMATCH. */
  private int byteOrderMark;

  private int field;
  private int done;

  /**
   * @param eventStream true for {@code text/event-stream}, false for JSON
   */
  public UsageReader(boolean eventStream) {
    this.eventStream = eventStream;
  }

  /** Takes the next bytes of the body; they are not kept. */
  public void accept(byte[] chunk, int offset, int length) {
    if (eventStream) {
      acceptLines(chunk, offset, offset + length);
    } else {
      document.accept(chunk, offset, offset + length);
    }
  }

  /** The body is over: takes what it held, even if it was cut. */
  public void end() {
    if (!eventStream) {
      takeUsage();
    } else {
      endEvent();
    }
  }

  /** True if the body named token counts so far. */
  public boolean seen() {
    return promptTokens >= 0 || completionTokens >= 0;
  }

  /** Tokens of the prompt as told last, or -1. Anthropic's do not count what its cache served. */
  public long promptTokens() {
    return promptTokens;
  }

  /** Tokens of the answer as told last, or -1. */
  public long completionTokens() {
    return completionTokens;
  }

  /**
   * True if {@link #completionTokens} were told of an answer that was under way. What Anthropic's
   * {@code message_start} tells of them is a placeholder.
   */
  public boolean answerCounted() {
    return answerCounted;
  }

  /**
   * True if the event that ends a stream of its protocol was seen: {@code [DONE]}, {@code
   * message_stop}, or {@code response.completed}, {@code .incomplete} or {@code .failed}.
   */
  public boolean terminalEventSeen() {
    return terminalEventSeen;
  }

  private void takeUsage() {
    if (document.promptTokens() >= 0) {
      promptTokens = document.promptTokens();
    }
    if (document.completionTokens() >= 0) {
      completionTokens = document.completionTokens();
      answerCounted = !document.opening();
    }
  }

  private void acceptLines(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      if (place == Place.DATA) {
        int lineEnd = lineEnd(b, i, to);
        acceptData(b, i, lineEnd);
        i = lineEnd;
      } else if (place == Place.IGNORED) {
        i = lineEnd(b, i, to);
      }
      if (i < to) {
        acceptByte(b, i);
        i++;
      }
    }
  }

  private static int lineEnd(byte[] b, int from, int to) {
    int i = from;
    while (i < to && (b[i] > '\r' || (b[i] != '\n' && b[i] != '\r'))) {
      i++;
    }
    return i;
  }

  /** Takes a line's end, or a byte of what stands before its value. */
  private void acceptByte(byte[] b, int i) {
    byte c = b[i];
    boolean secondOfPair = afterCarriageReturn && c == '\n';
    afterCarriageReturn = c == '\r';
    if (secondOfPair) {
      return;
    }
    if (c == '\n' || c == '\r') {
      endLine();
    } else if (place == Place.FIELD) {
      acceptField(c);
    } else if (c == ' ') {
      place = Place.DATA;
    } else {
      place = Place.DATA;
      acceptData(b, i, i + 1);
    }
  }

  private void acceptField(byte c) {
    if (byteOrderMark != MISMATCH) {
      byteOrderMark = advance(BYTE_ORDER_MARK, byteOrderMark, c);
      if (byteOrderMark != MISMATCH) {
        return;
      }
    }
    lineEmpty = false;
    if (c == ':') {
      boolean data = field == DATA.length();
      place = data ? Place.AFTER_COLON : Place.IGNORED;
      if (data) {
        beginData();
      }
      return;
    }
    field = advance(DATA, field, c);
    if (field == MISMATCH) {
      place = Place.IGNORED;
    }
  }

  private static int advance(String text, int matched, byte c) {
    boolean next = matched >= 0 && matched < text.length() && text.charAt(matched) == (c & 0xff);
    return next ? matched + 1 : MISMATCH;
  }

  /** Lines of data in one event are joined by line feeds. */
  private void beginData() {
    if (eventHasData) {
      acceptData(new byte[] {'\n'}, 0, 1);
    }
    eventHasData = true;
  }

  private void acceptData(byte[] b, int from, int to) {
    for (int i = from; i < to && done != MISMATCH; i++) {
      boolean space = b[i] == ' ' || b[i] == '\n';
      if (!space || (done > 0 && done < DONE.length())) {
        done = advance(DONE, done, b[i]);
      }
    }
    document.accept(b, from, to);
  }

  private void endLine() {
    if (place == Place.FIELD && field == DATA.length()) {
      // A field name alone is a field with an empty value.
      beginData();
    }
    if (lineEmpty) {
      endEvent();
    }
    place = Place.FIELD;
    field = 0;
    lineEmpty = true;
  }

  private void endEvent() {
    terminalEventSeen |= done == DONE.length();
    if (document.complete()) {
      takeUsage();
      terminalEventSeen |= document.terminal();
    }
    document.reset();
    eventHasData = false;
    done = 0;
  }
}
