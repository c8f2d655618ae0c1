package io.pointsman.plugin.prompt;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The member names of request bodies that have a meaning here, on whatever level they stand. */
enum Key {
  MODEL,
  STREAM,
  STREAM_OPTIONS,
  INCLUDE_USAGE,
  MAX_TOKENS,
  MAX_COMPLETION_TOKENS,
  MAX_OUTPUT_TOKENS,
  N,
  BEST_OF,
  CACHE_SALT,
  MESSAGES,
  SYSTEM,
  INSTRUCTIONS,
  TOOLS,
  FUNCTIONS,
  PROMPT,
  INPUT,
  QUERY,
  DOCUMENTS,
  TEXT_1,
  TEXT_2,
  ROLE,
  CONTENT,
  TYPE,
  CACHE_CONTROL,
  TEXT,
  IMAGE_URL,
  AUDIO_URL,
  VIDEO_URL,
  INPUT_AUDIO,
  SOURCE,
  FILE,
  URL,
  DATA,
  FILE_DATA,
  FILE_ID,
  FILE_URL;

  private static final int LONGEST =
      Arrays.stream(values()).mapToInt(key -> key.text.length()).max().orElseThrow();
  private static final Key[][] BY_LENGTH =
      IntStream.rangeClosed(0, LONGEST).mapToObj(Key::ofLength).toArray(Key[][]::new);

  private final String text = name().toLowerCase(Locale.ROOT);

  /** The name as it stands in JSON. */
  String text() {
    return text;
  }

  /** The key that these bytes spell, escapes resolved, or null. */
  static @Nullable Key of(byte[] bytes, int from, int to, boolean escaped) {
    if (escaped) {
      // A character takes at most six bytes when escaped.
      if (to - from > 6 * LONGEST) {
        return null;
      }
      byte[] plain = JsonText.unescape(bytes, from, to);
      return plain == null ? null : of(plain, 0, plain.length, false);
    }
    int length = to - from;
    if (length > LONGEST) {
      return null;
    }
    for (Key key : BY_LENGTH[length]) {
      if (JsonText.equal(key.text, bytes, from)) {
        return key;
      }
    }
    return null;
  }

  private static Key[] ofLength(int length) {
    return Arrays.stream(values()).filter(key -> key.text.length() == length).toArray(Key[]::new);
  }
}
