package io.pointsman.plugin.prompt;

import io.pointsman.plugin.prompt.PromptSpans.Part;
import io.pointsman.plugin.prompt.PromptSpans.Section;
import org.jspecify.annotations.Nullable;

/**
 * Reads the members of a request body that hold its prompt and records where their text stands.
 * Members that no model sees ({@code type}, {@code cache_control}) are left out, all others of a
 * message are recorded, so that different messages give different spans. Used for one body, by one
 * thread.
 */
final class PromptScan {
  private static final int NONE = -1;
  private static final String PROMPT_TYPES = "a string, or an array of strings or token ids";

  private final JsonCursor in;
  private final PromptSpans spans;

  /** True once a message other than of the system was read: later system messages stay in place. */
  private boolean conversationStarted;

  /** A message, system text, tools or prompt being read: its section and its first span. */
  private boolean inGroup;

  private Section groupSection = Section.CONVERSATION;
  private int groupFrom;

  /** The current message's role, and the run of spans of its content, or NONE. */
  private int roleAt = NONE;

  private int contentFrom = NONE;
  private int contentTo = NONE;

  /** What is being read right now and would be lost if the body were cut there. */
  private @Nullable Part pending;

  /** Prompts of a batch, or 1 where there is one that is no array. */
  private int prompts;

  private int tokensFrom;
  private int tokensTo;

  PromptScan(JsonCursor in, PromptSpans spans) {
    this.in = in;
    this.spans = spans;
  }

  /** How many prompts there are, in APIs that take several. */
  int prompts() {
    return prompts;
  }

  /** Reads the value of a member of the body, which is not null. */
  void read(Key key, BodyShape.Form form) {
    switch (form) {
      case MESSAGES -> readMessages(key);
      case ITEMS -> {
        if (in.peek() == '"') {
          beginGroup(Section.CONVERSATION);
          readText(Part.TEXT);
          endGroup();
        } else {
          readMessages(key);
        }
      }
      case SYSTEM -> {
        beginGroup(Section.SYSTEM);
        readContent(key);
        endGroup();
      }
      case TOOLS -> {
        expect('[', key, "an array");
        beginGroup(Section.TOOLS);
        readRaw(Part.TOOLS);
        endGroup();
      }
      case PROMPTS -> readPrompts(key, false);
      case INPUTS -> {
        if (!readPrompts(key, true)) {
          throw MalformedBody.body(key.text() + " must not be empty");
        }
      }
    }
  }

  /** Keeps what was read of a body that Envoy cut: the text up to the cut belongs to the prompt. */
  void endAtCut() {
    if (pending == Part.TOKENS) {
      spans.add(Part.TOKENS, tokensFrom, tokensTo, false);
    } else if (pending != null) {
      spans.add(pending, in.textStart(), in.position(), in.textEscaped());
    }
    if (contentFrom != NONE && contentTo == NONE) {
      contentTo = spans.size();
    }
    if (inGroup) {
      endGroup();
    }
  }

  private void beginGroup(Section section) {
    inGroup = true;
    groupFrom = spans.size();
    groupSection = section;
    roleAt = NONE;
    contentFrom = NONE;
    contentTo = NONE;
  }

  /** Brings the group's role to its front and its content behind the role, and closes it. */
  private void endGroup() {
    int from = groupFrom;
    if (roleAt != NONE) {
      spans.swapRuns(from, roleAt, roleAt + 1);
      if (contentFrom != NONE && contentFrom < roleAt) {
        contentFrom++;
        contentTo++;
      }
      from++;
    }
    if (contentFrom > from) {
      spans.swapRuns(from, contentFrom, contentTo);
    }
    if (groupSection != Section.CONVERSATION) {
      spans.moveTo(groupSection, groupFrom);
    }
    spans.open(groupFrom);
    inGroup = false;
  }

  private void readMessages(Key key) {
    expect('[', key, "an array");
    boolean more = in.enterArray();
    if (!more && key == Key.MESSAGES) {
      throw MalformedBody.body("messages must not be empty");
    }
    for (; more; more = in.nextElement()) {
      expect('{', key, "an array of objects");
      readMessage();
    }
  }

  private void readMessage() {
    beginGroup(Section.CONVERSATION);
    boolean roleMet = false;
    boolean contentMet = false;
    for (boolean more = in.enterObject(); more; more = in.nextMember()) {
      Key key = in.key();
      if (key == Key.ROLE) {
        refuseSecond(roleMet, key);
        roleMet = true;
        readRole();
      } else if (key == Key.CONTENT) {
        refuseSecond(contentMet, key);
        contentMet = true;
        contentFrom = spans.size();
        readContent(key);
        contentTo = spans.size();
      } else if (key == Key.TYPE || key == Key.CACHE_CONTROL) {
        in.skipValue();
      } else {
        readField();
      }
    }
    conversationStarted |= groupSection != Section.SYSTEM;
    endGroup();
  }

  private static void refuseSecond(boolean met, Key key) {
    if (met) {
      throw MalformedBody.body("duplicate key in a message: " + key.text());
    }
  }

  /** The role of a leading system message is its section; any other is a span. */
  private void readRole() {
    if (in.peek() == 'n') {
      in.skipNull();
      return;
    }
    expect('"', Key.ROLE, "a string");
    in.skipString();
    if (!conversationStarted && (in.textEquals("system") || in.textEquals("developer"))) {
      groupSection = Section.SYSTEM;
      return;
    }
    int at = spans.size();
    spans.add(Part.ROLE, in.textStart(), in.textEnd(), in.textEscaped());
    roleAt = at < spans.size() ? at : NONE;
  }

  /** A string, or an array of strings and parts. */
  private void readContent(Key key) {
    switch (in.peek()) {
      case '"' -> readText(Part.TEXT);
      case 'n' -> in.skipNull();
      case '[' -> {
        for (boolean more = in.enterArray(); more; more = in.nextElement()) {
          if (in.peek() == '"') {
            readText(Part.TEXT);
          } else {
            expect('{', key, "a string or an array of parts");
            readPart(true);
          }
        }
      }
      default -> throw wrong(key, "a string or an array of parts");
    }
  }

  /** One part of a content: text, media, a tool's call or its result. */
  private void readPart(boolean outermost) {
    for (boolean more = in.enterObject(); more; more = in.nextMember()) {
      Key key = in.key();
      if (key == null) {
        readField();
        continue;
      }
      switch (key) {
        case TYPE, CACHE_CONTROL -> in.skipValue();
        case TEXT -> readPartText();
        case CONTENT -> {
          if (outermost) {
            readPartContent();
          } else {
            readField();
          }
        }
        case IMAGE_URL, AUDIO_URL, VIDEO_URL, INPUT_AUDIO, SOURCE, FILE -> readMedia(true);
        case URL, DATA, FILE_DATA, FILE_ID, FILE_URL -> readMedia(false);
        default -> readField();
      }
    }
  }

  private void readPartText() {
    if (in.peek() == '"') {
      readText(Part.TEXT);
    } else {
      readField();
    }
  }

  /** The content of a tool's result: a string, or parts that hold no further parts. */
  private void readPartContent() {
    byte c = in.peek();
    if (c == '"') {
      readText(Part.TEXT);
    } else if (c != '[') {
      readField();
    } else {
      for (boolean more = in.enterArray(); more; more = in.nextElement()) {
        c = in.peek();
        if (c == '{') {
          readPart(false);
        } else if (c == '"') {
          readText(Part.TEXT);
        } else {
          readRaw(Part.JSON);
        }
      }
    }
  }

  private void readMedia(boolean mayBeObject) {
    byte c = in.peek();
    if (c == '"') {
      readText(Part.MEDIA);
    } else if (c != '{' || !mayBeObject) {
      readField();
    } else {
      for (boolean more = in.enterObject(); more; more = in.nextMember()) {
        Key key = in.key();
        boolean media =
            key == Key.URL
                || key == Key.DATA
                || key == Key.FILE_DATA
                || key == Key.FILE_ID
                || key == Key.FILE_URL;
        if (media && in.peek() == '"') {
          readText(Part.MEDIA);
        } else {
          in.skipValue();
        }
      }
    }
  }

  /** Any other member: its name and its value; null is as good as absent. */
  private void readField() {
    byte c = in.peek();
    if (c == 'n') {
      in.skipNull();
      return;
    }
    spans.add(Part.FIELD, in.keyStart(), in.keyEnd(), in.keyEscaped());
    if (c == '"') {
      readText(Part.TEXT);
    } else {
      readRaw(Part.JSON);
    }
  }

  /** Reads prompts, one or many; false if there is nothing in them. */
  private boolean readPrompts(Key key, boolean partsAllowed) {
    byte c = in.peek();
    if (c == '[') {
      return readPromptArray(key, partsAllowed);
    }
    beginGroup(Section.CONVERSATION);
    prompts++;
    boolean filled = true;
    if (c == '"') {
      readText(Part.TEXT);
      filled = in.textEnd() > in.textStart();
    } else if (c == '{' && partsAllowed) {
      readPart(true);
    } else {
      throw wrong(key, PROMPT_TYPES);
    }
    endGroup();
    return filled;
  }

  private boolean readPromptArray(Key key, boolean partsAllowed) {
    if (!in.enterArray()) {
      return false;
    }
    if (isNumber(in.peek())) {
      beginGroup(Section.CONVERSATION);
      prompts++;
      readTokens(key);
      endGroup();
      return true;
    }
    boolean more = true;
    while (more) {
      beginGroup(Section.CONVERSATION);
      prompts++;
      byte c = in.peek();
      if (c == '"') {
        readText(Part.TEXT);
      } else if (c == '[') {
        if (in.enterArray()) {
          readTokens(key);
        }
      } else if (c == '{' && partsAllowed) {
        readPart(true);
      } else {
        throw wrong(key, PROMPT_TYPES);
      }
      endGroup();
      more = in.nextElement();
    }
    return true;
  }

  /** The token ids of an array whose first is the next value, up to the array's end. */
  private void readTokens(Key key) {
    in.peek();
    tokensFrom = in.position();
    tokensTo = tokensFrom;
    pending = Part.TOKENS;
    do {
      if (!isNumber(in.peek()) || !in.skipNumber()) {
        throw wrong(key, PROMPT_TYPES);
      }
      tokensTo = in.position();
    } while (in.nextElement());
    pending = null;
    spans.add(Part.TOKENS, tokensFrom, tokensTo, false);
  }

  private static boolean isNumber(byte c) {
    return c == '-' || (c >= '0' && c <= '9');
  }

  private void readText(Part part) {
    pending = part;
    in.skipString();
    pending = null;
    spans.add(part, in.textStart(), in.textEnd(), in.textEscaped());
  }

  private void readRaw(Part part) {
    in.peek();
    int from = in.position();
    in.skipValue();
    spans.add(part, from, in.position(), false);
  }

  private void expect(char first, Key key, String what) {
    if (in.peek() != first) {
      throw wrong(key, what);
    }
  }

  private static MalformedBody wrong(Key key, String what) {
    return MalformedBody.body(key.text() + " must be " + what);
  }
}
