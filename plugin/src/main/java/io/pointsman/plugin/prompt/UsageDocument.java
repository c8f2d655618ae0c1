package io.pointsman.plugin.prompt;

/**
 * Follows one JSON text as its bytes arrive, for the token usage in it: objects named {@code usage}
 * at the top, or inside {@code response} or {@code message} there, so that a text which merely
 * speaks of usage means nothing. It checks the structure, but neither the spelling of numbers and
 * literals nor UTF-8: a model server's answer is passed on whatever stands in it. Its memory is a
 * fixed number of bytes. Not thread-safe.
 */
final class UsageDocument {
  private static final int MAX_DEPTH = 512;
  private static final int LONGEST_NAME = 24;
  private static final long NONE = -1;
  private static final long LARGEST_COUNT = 1_000_000_000_000L;

  /** What may come next. */
  private enum State {
    VALUE,
    FIRST_ELEMENT,
    FIRST_KEY,
    KEY,
    COLON,
    AFTER_VALUE,
    STRING,
    ESCAPE,
    HEX,
    SCALAR,
    COMPLETE,
    BROKEN
  }

  /** What an object or array means. */
  private enum Container {
    ROOT,
    /** The member {@code response} or {@code message} of the root. */
    ENVELOPE,
    USAGE,
    OTHER
  }

  /** Containers that mean something lie no deeper than this. */
  private static final int MEANT_LEVELS = 3;

  /** What a member's name means. */
  private enum Member {
    USAGE,
    ENVELOPE,
    TYPE,
    PROMPT_TOKENS,
    COMPLETION_TOKENS,
    OTHER
  }

  private State state = State.VALUE;

  private int depth;
  private final long[] objectLevels = new long[MAX_DEPTH / Long.SIZE];
  private final Container[] containers = new Container[MEANT_LEVELS + 1];
  private Container container = Container.OTHER;
  private Member member = Member.OTHER;

  /** The string being read: whether it is a key, and its first bytes if it may mean something. */
  private boolean readingKey;

  private boolean capturing;
  private final byte[] text = new byte[LONGEST_NAME];
  private int textLength;
  private int hexDigits;
  private int hexValue;

  private long number;
  private long usagePrompt = NONE;
  private long usageCompletion = NONE;
  private long promptTokens = NONE;
  private long completionTokens = NONE;
  private boolean terminal;
  private boolean opening;

  /** True once the outermost value has ended and nothing but white space followed. */
  boolean complete() {
    return state == State.COMPLETE;
  }

  /** Tokens of the prompt by the last usage object that was closed, or -1. */
  long promptTokens() {
    return promptTokens;
  }

  /** Tokens of the answer by the last usage object that was closed, or -1. */
  long completionTokens() {
    return completionTokens;
  }

  /** True if the {@code type} is that of an event that ends a stream. */
  boolean terminal() {
    return terminal;
  }

  /** True if the {@code type} is that of the event that opens a stream of Anthropic's. */
  boolean opening() {
    return opening;
  }

  /** Makes ready for another JSON text. */
  void reset() {
    state = State.VALUE;
    depth = 0;
    container = Container.OTHER;
    promptTokens = NONE;
    completionTokens = NONE;
    terminal = false;
    opening = false;
  }

  /** Takes the next bytes of the text. */
  void accept(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      switch (state) {
        case STRING -> i = acceptString(b, i, to);
        case SCALAR -> i = acceptScalar(b, i, to);
        case ESCAPE -> acceptEscape(b[i++]);
        case HEX -> acceptHex(b[i++]);
        case BROKEN -> i = to;
        default -> acceptStructure(b[i++]);
      }
    }
  }

  private void acceptStructure(byte c) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      return;
    }
    switch (state) {
      case VALUE -> beginValue(c);
      case FIRST_ELEMENT -> {
        if (c == ']') {
          close();
        } else {
          beginValue(c);
        }
      }
      case FIRST_KEY -> {
        if (c == '}') {
          close();
        } else {
          beginKey(c);
        }
      }
      case KEY -> beginKey(c);
      case COLON -> state = c == ':' ? State.VALUE : State.BROKEN;
      case AFTER_VALUE -> {
        if (c == ',') {
          state = inObject() ? State.KEY : State.VALUE;
        } else if (c == (inObject() ? '}' : ']')) {
          close();
        } else {
          state = State.BROKEN;
        }
      }
      default -> state = State.BROKEN;
    }
  }

  private void beginValue(byte c) {
    if (c == '{') {
      open(true);
    } else if (c == '[') {
      open(false);
    } else if (c == '"') {
      beginString(false, container == Container.ROOT && member == Member.TYPE);
    } else if (isScalar(c)) {
      state = State.SCALAR;
      number = 0;
      acceptDigit(c);
    } else {
      state = State.BROKEN;
    }
  }

  private void beginKey(byte c) {
    if (c == '"') {
      beginString(true, container != Container.OTHER);
    } else {
      state = State.BROKEN;
    }
  }

  private void open(boolean object) {
    if (depth == MAX_DEPTH) {
      state = State.BROKEN;
      return;
    }
    Container opened = object ? meaningOfObject() : Container.OTHER;
    long bit = 1L << depth;
    if (object) {
      objectLevels[depth / Long.SIZE] |= bit;
    } else {
      objectLevels[depth / Long.SIZE] &= ~bit;
    }
    depth++;
    if (depth <= MEANT_LEVELS) {
      containers[depth] = opened;
    }
    container = opened;
    state = object ? State.FIRST_KEY : State.FIRST_ELEMENT;
  }

  private Container meaningOfObject() {
    if (depth == 0) {
      return Container.ROOT;
    }
    boolean outer = container == Container.ROOT || container == Container.ENVELOPE;
    if (outer && member == Member.USAGE) {
      usagePrompt = NONE;
      usageCompletion = NONE;
      return Container.USAGE;
    }
    boolean envelope = container == Container.ROOT && member == Member.ENVELOPE;
    return envelope ? Container.ENVELOPE : Container.OTHER;
  }

  private void close() {
    if (container == Container.USAGE) {
      promptTokens = usagePrompt >= 0 ? usagePrompt : promptTokens;
      completionTokens = usageCompletion >= 0 ? usageCompletion : completionTokens;
    }
    depth--;
    container = depth > 0 && depth <= MEANT_LEVELS ? containers[depth] : Container.OTHER;
    endValue();
  }

  private void endValue() {
    state = depth == 0 ? State.COMPLETE : State.AFTER_VALUE;
  }

  private boolean inObject() {
    int level = depth - 1;
    return (objectLevels[level / Long.SIZE] & (1L << level)) != 0;
  }

  private void beginString(boolean key, boolean capture) {
    state = State.STRING;
    readingKey = key;
    capturing = capture;
    textLength = 0;
  }

  private int acceptString(byte[] b, int from, int to) {
    for (int i = from; i < to; i++) {
      byte c = b[i];
      if (c == '"') {
        endString();
        return i + 1;
      }
      if (c == '\\') {
        state = State.ESCAPE;
        return i + 1;
      }
      if (c >= 0 && c < ' ') {
        state = State.BROKEN;
        return to;
      }
      if (capturing) {
        capture(c);
      }
    }
    return to;
  }

  private void acceptEscape(byte c) {
    state = State.STRING;
    switch (c) {
      case '"', '\\', '/' -> capture(c);
      // No name that means something has a control character in it.
      case 'b', 'f', 'n', 'r', 't' -> capture((byte) 0);
      case 'u' -> {
        state = State.HEX;
        hexDigits = 0;
        hexValue = 0;
      }
      default -> state = State.BROKEN;
    }
  }

  private void acceptHex(byte c) {
    int digit = Character.digit(c, 16);
    if (digit < 0) {
      state = State.BROKEN;
      return;
    }
    hexValue = hexValue << 4 | digit;
    hexDigits++;
    if (hexDigits == 4) {
      // Nor has one anything beyond ASCII.
      capture(hexValue < 0x80 ? (byte) hexValue : 0);
      state = State.STRING;
    }
  }

  private void capture(byte c) {
    if (textLength < LONGEST_NAME) {
      text[textLength] = c;
    }
    // One more than fits: such a text equals no name.
    textLength = Math.min(textLength + 1, LONGEST_NAME + 1);
  }

  private void endString() {
    if (readingKey) {
      member = capturing ? memberNamed() : Member.OTHER;
      state = State.COLON;
      return;
    }
    if (capturing) {
      opening = textIs("message_start");
      terminal =
          textIs("message_stop")
              || textIs("response.completed")
              || textIs("response.incomplete")
              || textIs("response.failed");
    }
    endValue();
  }

  private Member memberNamed() {
    if (textIs("usage")) {
      return Member.USAGE;
    }
    if (textIs("response") || textIs("message")) {
      return Member.ENVELOPE;
    }
    if (textIs("type")) {
      return Member.TYPE;
    }
    if (textIs("prompt_tokens") || textIs("input_tokens")) {
      return Member.PROMPT_TOKENS;
    }
    if (textIs("completion_tokens") || textIs("output_tokens")) {
      return Member.COMPLETION_TOKENS;
    }
    return Member.OTHER;
  }

  private boolean textIs(String name) {
    return textLength == name.length() && JsonText.equal(name, text, 0);
  }

  private int acceptScalar(byte[] b, int from, int to) {
    for (int i = from; i < to; i++) {
      if (!isScalar(b[i])) {
        endScalar();
        return i;
      }
      acceptDigit(b[i]);
    }
    return to;
  }

  private static boolean isScalar(byte c) {
    return (c >= '0' && c <= '9')
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || c == '-'
        || c == '+'
        || c == '.';
  }

  private void acceptDigit(byte c) {
    boolean count = number >= 0 && number < LARGEST_COUNT && c >= '0' && c <= '9';
    number = count ? number * 10 + (c - '0') : NONE;
  }

  private void endScalar() {
    if (container == Container.USAGE && number >= 0) {
      if (member == Member.PROMPT_TOKENS) {
        usagePrompt = number;
      } else if (member == Member.COMPLETION_TOKENS) {
        usageCompletion = number;
      }
    }
    endValue();
  }
}
