package io.pointsman.plugin.prompt;

import io.pointsman.plugin.prompt.PromptSpans.Part;
import io.pointsman.plugin.prompt.PromptSpans.Section;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads one JSON request body: the members of the outermost object, whose prompts go to a {@link
 * PromptScan}. A member that has a meaning here may stand only once, since a router and a model
 * server that take different ones would not talk about the same request. Used for one body, by one
 * thread.
 */
final class JsonBody {
  private static final int NONE = -1;

  private final Api api;
  private final BodyShape shape;
  private final byte[] bytes;
  private final JsonCursor in;
  private final PromptSpans spans;
  private final PromptScan prompt;

  /** Keys met, and those of them whose value was not null. */
  private final Set<Key> seen = EnumSet.noneOf(Key.class);

  private final Set<Key> present = EnumSet.noneOf(Key.class);

  private @Nullable String model;
  private boolean stream;
  private boolean includeUsage;
  private int maxTokens = NONE;
  private int maxCompletionTokens = NONE;
  private int maxOutputTokens = NONE;
  private int n = NONE;
  private int bestOf = NONE;

  JsonBody(Api api, byte[] bytes, int offset, int length, boolean cut) {
    this.api = api;
    this.shape = BodyShape.of(api);
    this.bytes = bytes;
    this.in = new JsonCursor(bytes, offset, length, cut);
    this.spans = new PromptSpans(bytes);
    this.prompt = new PromptScan(in, spans);
  }

  ReadResult read() {
    try {
      readMembers();
      Key missing = shape.missing(present);
      if (missing != null) {
        throw MalformedBody.body(missing.text() + " is missing");
      }
    } catch (MalformedBody e) {
      if (e.result().kind() != Malformed.Kind.INCOMPLETE || model == null) {
        return e.result();
      }
      prompt.endAtCut();
    }
    if (model == null) {
      return new Malformed(Malformed.Kind.BODY, "model is missing");
    }
    if (stream && api == Api.EMBEDDINGS) {
      return new Malformed(Malformed.Kind.BODY, "stream is not supported for embeddings");
    }
    spans.arrange();
    return new ParsedRequest(
        model, stream, includeUsage, tokenLimit(), answerTokens(), answers(), spans);
  }

  private int tokenLimit() {
    if (maxTokens != NONE) {
      return maxTokens;
    }
    return maxCompletionTokens != NONE ? maxCompletionTokens : maxOutputTokens;
  }

  /**
   * Each API has limits of its own and ignores the others. Zero is none: there are model servers
   * that take it for "not set".
   */
  private int answerTokens() {
    int own =
        switch (api) {
          case CHAT_COMPLETIONS -> Math.max(maxTokens, maxCompletionTokens);
          case RESPONSES -> maxOutputTokens;
          default -> maxTokens;
        };
    return own > 0 ? Math.max(Math.max(maxTokens, maxCompletionTokens), maxOutputTokens) : NONE;
  }

  private int answers() {
    long each = Math.max(1, Math.max(n, bestOf));
    return switch (api) {
      case CHAT_COMPLETIONS -> (int) each;
      case COMPLETIONS -> (int) Math.min(each * Math.max(1, prompt.prompts()), Integer.MAX_VALUE);
      default -> 1;
    };
  }

  private void readMembers() {
    if (in.peek() != '{') {
      throw MalformedBody.body("the body is not a JSON object");
    }
    for (boolean more = in.enterObject(); more; more = in.nextMember()) {
      Key key = in.key();
      if (key == null) {
        in.skipValue();
      } else if (isNew(key)) {
        present.add(key);
        readMember(key);
      }
    }
    in.expectEnd();
  }

  /** False where the value was null, which is as good as absent and has been read. */
  private boolean isNew(Key key) {
    if (!seen.add(key)) {
      throw MalformedBody.body("duplicate key: " + key.text());
    }
    if (key == Key.MODEL || in.peek() != 'n') {
      return true;
    }
    in.skipNull();
    return false;
  }

  private void readMember(Key key) {
    switch (key) {
      case MODEL -> model = readModel();
      case STREAM -> stream = readBoolean(key);
      case STREAM_OPTIONS -> readStreamOptions();
      case MAX_TOKENS -> maxTokens = readLimit(key);
      case MAX_COMPLETION_TOKENS -> maxCompletionTokens = readLimit(key);
      case MAX_OUTPUT_TOKENS -> maxOutputTokens = readLimit(key);
      case CACHE_SALT -> readSalt();
      case N, BEST_OF -> readAnswers(key);
      default -> {
        BodyShape.Form form = shape.formOf(key);
        if (form == null) {
          in.skipValue();
        } else {
          prompt.read(key, form);
        }
      }
    }
  }

  private String readModel() {
    if (in.peek() != '"') {
      throw MalformedBody.body("model must be a string");
    }
    in.skipString();
    // Not decoded before its length is known: it may be most of the body.
    if (in.textEnd() - in.textStart() > 6 * ModelName.MAX_LENGTH) {
      throw MalformedBody.body("model is too long");
    }
    String name = JsonText.decode(bytes, in.textStart(), in.textEnd(), in.textEscaped());
    if (name == null) {
      throw MalformedBody.body("model is not valid Unicode");
    }
    String problem = ModelName.problem(name);
    if (problem != null) {
      throw MalformedBody.body(problem);
    }
    return name;
  }

  private boolean readBoolean(Key key) {
    byte c = in.peek();
    if (c != 't' && c != 'f') {
      throw MalformedBody.body(key.text() + " must be true or false");
    }
    return in.readBoolean();
  }

  private void readStreamOptions() {
    if (in.peek() != '{') {
      throw MalformedBody.body("stream_options must be an object");
    }
    boolean met = false;
    for (boolean more = in.enterObject(); more; more = in.nextMember()) {
      if (in.key() != Key.INCLUDE_USAGE) {
        in.skipValue();
        continue;
      }
      if (met) {
        throw MalformedBody.body("duplicate key: include_usage");
      }
      met = true;
      if (in.peek() == 'n') {
        in.skipNull();
      } else {
        includeUsage = readBoolean(Key.INCLUDE_USAGE);
      }
    }
  }

  /** An integer, capped at what an int holds; a negative one is as good as none. */
  private int readLimit(Key key) {
    byte c = in.peek();
    if (c != '-' && (c < '0' || c > '9')) {
      throw MalformedBody.body(key.text() + " must be an integer");
    }
    int from = in.position();
    if (!in.skipNumber()) {
      throw MalformedBody.body(key.text() + " must be an integer");
    }
    if (c == '-') {
      return NONE;
    }
    long value = 0;
    for (int i = from; i < in.position(); i++) {
      value = Math.min(value * 10 + (bytes[i] - '0'), Integer.MAX_VALUE);
    }
    return (int) value;
  }

  private void readAnswers(Key key) {
    if (api != Api.CHAT_COMPLETIONS && api != Api.COMPLETIONS) {
      in.skipValue();
    } else if (key == Key.N) {
      n = readLimit(key);
    } else {
      bestOf = readLimit(key);
    }
  }

  private void readSalt() {
    if (in.peek() != '"') {
      throw MalformedBody.body("cache_salt must be a string");
    }
    in.skipString();
    int at = spans.size();
    spans.add(Part.SALT, in.textStart(), in.textEnd(), in.textEscaped());
    spans.moveTo(Section.SALT, at);
  }
}
