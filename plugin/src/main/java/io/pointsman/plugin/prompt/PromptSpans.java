package io.pointsman.plugin.prompt;

import java.util.Arrays;

/**
 * Where the text that a model will see stands in a request body: the bytes between the quotes of
 * JSON strings, and raw pieces of JSON. Nothing is copied and escapes are not resolved.
 *
 * <p>Spans come in the order in which a model sees them, wherever they stand in the body: the cache
 * salt, the system text, the tools, then messages (each with its role first, then its content, then
 * its other members) or prompts in order of appearance. So the same conversation gives the same
 * sequence however its members are ordered. A reader that hashes them puts a separator in front of
 * every span, made from its {@link #part}, and a stronger one where {@link #opens} is true; 0xff
 * never occurs in a body that was read, so it can start a separator. Where {@link #escaped} is true
 * it resolves JSON escapes, so that two spellings of one text agree.
 *
 * <p>At most {@link #MAX_SPANS} are kept; a prompt of more pieces is known by its beginning. Filled
 * by one scan, then only read; not thread-safe while being filled.
 */
public final class PromptSpans {
  /** Spans beyond this number are counted in {@link #totalBytes} and otherwise left out. */
  public static final int MAX_SPANS = 32_768;

  /** What a span is. */
  public enum Part {
    /** The client's {@code cache_salt}: requests with different salts share no cache. */
    SALT,
    /** Text of system or developer messages ahead of the conversation, or of instructions. */
    SYSTEM,
    /** The JSON of the tools array, raw. */
    TOOLS,
    /** Who speaks; opens a message. */
    ROLE,
    /** Text of a message or a prompt, or the string value of the member named by a FIELD. */
    TEXT,
    /** Bytes or URL of an image, audio, video or file. */
    MEDIA,
    /** Token ids: numbers and commas, raw. */
    TOKENS,
    /** Name of another member of a message, such as {@code tool_call_id}; its value follows. */
    FIELD,
    /** The value of the member named by the FIELD before it, raw, where it is no string. */
    JSON
  }

  /** Where a span belongs in the order in which a model sees them. */
  enum Section {
    SALT(0),
    SYSTEM(1),
    TOOLS(2),
    CONVERSATION(3);

    private static final int COUNT = 4;
    private final int rank;

    Section(int rank) {
      this.rank = rank;
    }
  }

  private static final int SECTION_MASK = 0x03;
  private static final int ESCAPED = 0x10;
  private static final int OPENS = 0x20;

  private final byte[] body;
  private int[] starts = new int[16];
  private int[] ends = new int[16];
  private Part[] parts = new Part[16];

  /** For each span the rank of its section and the two flags. */
  private byte[] flags = new byte[16];

  private int size;
  private int totalBytes;
  private boolean truncated;

  public PromptSpans(byte[] body) {
    this.body = body;
  }

  /** The array that {@link #start} and {@link #end} index into. */
  public byte[] body() {
    return body;
  }

  /** Number of spans. */
  public int size() {
    return size;
  }

  /** First byte of span {@code i}. */
  public int start(int i) {
    return starts[i];
  }

  /** One past the last byte of span {@code i}. */
  public int end(int i) {
    return ends[i];
  }

  /** What span {@code i} is. */
  public Part part(int i) {
    return parts[i];
  }

  /** True if span {@code i} is the inside of a JSON string and has a backslash in it. */
  public boolean escaped(int i) {
    return (flags[i] & ESCAPED) != 0;
  }

  /**
   * True if span {@code i} is the first of a message, of the system text, of the tools, or of one
   * prompt in a batch.
   */
  public boolean opens(int i) {
    return (flags[i] & OPENS) != 0;
  }

  /** True if the prompt has more pieces than are kept. */
  public boolean truncated() {
    return truncated;
  }

  /**
   * Sum in bytes of everything but media and salt, also of what lies beyond {@link #MAX_SPANS}; a
   * quarter of it estimates the tokens.
   */
  public int totalBytes() {
    return totalBytes;
  }

  /** Adds a span of the conversation; {@link #moveTo} puts it into another section. */
  void add(Part part, int start, int end, boolean escaped) {
    if (part != Part.MEDIA && part != Part.SALT) {
      totalBytes += end - start;
    }
    if (size == MAX_SPANS) {
      truncated = true;
      return;
    }
    if (size == parts.length) {
      starts = Arrays.copyOf(starts, size * 2);
      ends = Arrays.copyOf(ends, size * 2);
      parts = Arrays.copyOf(parts, size * 2);
      flags = Arrays.copyOf(flags, size * 2);
    }
    starts[size] = start;
    ends[size] = end;
    parts[size] = part;
    flags[size] = (byte) (Section.CONVERSATION.rank | (escaped ? ESCAPED : 0));
    size++;
  }

  /** Marks span {@code i}, if there is one, as the first of a message or a prompt. */
  void open(int i) {
    if (i < size) {
      flags[i] |= OPENS;
    }
  }

  /** Puts the spans from {@code from} on into a section; text in the system section is SYSTEM. */
  void moveTo(Section section, int from) {
    for (int i = from; i < size; i++) {
      flags[i] = (byte) ((flags[i] & ~SECTION_MASK) | section.rank);
      if (section == Section.SYSTEM && parts[i] == Part.TEXT) {
        parts[i] = Part.SYSTEM;
      }
    }
  }

  /** Exchanges the neighbouring runs [from, middle) and [middle, to), each in its order. */
  void swapRuns(int from, int middle, int to) {
    reverse(from, middle);
    reverse(middle, to);
    reverse(from, to);
  }

  private void reverse(int from, int to) {
    for (int i = from, k = to - 1; i < k; i++, k--) {
      int start = starts[i];
      starts[i] = starts[k];
      starts[k] = start;
      int end = ends[i];
      ends[i] = ends[k];
      ends[k] = end;
      Part part = parts[i];
      parts[i] = parts[k];
      parts[k] = part;
      byte flag = flags[i];
      flags[i] = flags[k];
      flags[k] = flag;
    }
  }

  /** Puts the sections in order, keeping the order inside each. */
  void arrange() {
    boolean ordered = true;
    int[] next = new int[Section.COUNT + 1];
    int before = 0;
    for (int i = 0; i < size; i++) {
      int section = section(i);
      ordered &= section >= before;
      before = section;
      next[section + 1]++;
    }
    if (ordered) {
      return;
    }
    for (int section = 1; section < Section.COUNT; section++) {
      next[section] += next[section - 1];
    }
    int[] arrangedStarts = new int[size];
    int[] arrangedEnds = new int[size];
    Part[] arrangedParts = new Part[size];
    byte[] arrangedFlags = new byte[size];
    for (int i = 0; i < size; i++) {
      int to = next[section(i)]++;
      arrangedStarts[to] = starts[i];
      arrangedEnds[to] = ends[i];
      arrangedParts[to] = parts[i];
      arrangedFlags[to] = flags[i];
    }
    starts = arrangedStarts;
    ends = arrangedEnds;
    parts = arrangedParts;
    flags = arrangedFlags;
  }

  private int section(int i) {
    return flags[i] & SECTION_MASK;
  }
}
