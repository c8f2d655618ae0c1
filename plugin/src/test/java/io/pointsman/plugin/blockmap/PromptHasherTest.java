package io.pointsman.plugin.blockmap;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.prompt.RequestReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PromptHasherTest {
  private static final int BLOCK = 32;
  private final PromptHasher hasher = new PromptHasher();

  static LongStream seeds() {
    return LongStream.range(0, 40);
  }

  private long[] keys(Api api, String json) {
    return keys(api, json, BLOCK, 1 << 20);
  }

  private long[] keys(Api api, String json, int blockBytes, int maxBytes) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    var request = (ParsedRequest) new RequestReader().read(api, null, body, 0, body.length, true);
    hasher.hash(request.model(), request.prompt(), blockBytes, maxBytes);
    return Arrays.copyOf(hasher.keys(), hasher.size());
  }

  private long[] chat(String messages) {
    return keys(Api.CHAT_COMPLETIONS, "{\"model\":\"m\",\"messages\":[" + messages + "]}");
  }

  private static String message(String role, String content) {
    return "{\"role\":\"" + role + "\",\"content\":\"" + content + "\"}";
  }

  private static final String LONG = "All work and no play makes Jack a dull boy. ".repeat(4);

  @Test
  void aLongerConversationBeginsWithTheKeysOfTheShorterOne() {
    String system = message("system", LONG);
    String first = message("user", LONG + "one");
    long[] shorter = chat(system + "," + first);
    long[] longer =
        chat(system + "," + first + "," + message("assistant", LONG) + "," + message("user", LONG));
    assertThat(shorter.length).isGreaterThan(10);
    assertThat(Arrays.copyOf(longer, shorter.length)).isEqualTo(shorter);
    assertThat(longer.length).isGreaterThan(shorter.length);
  }

  @Test
  void onlyFullBlocksHaveAKey() {
    // Two bytes of separator go in front of the text.
    for (int length = 1; length < 100; length++) {
      String json = "{\"model\":\"m\",\"prompt\":\"" + "x".repeat(length) + "\"}";
      assertThat(keys(Api.COMPLETIONS, json)).hasSize((length + 2) / BLOCK);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "A, \\u0041",
    "/, \\/",
    "\\n, \\u000a",
    "é, \\u00e9",
    "€, \\u20AC",
    "😀, \\ud83d\\uDE00",
    "\\\", \\u0022"
  })
  void twoSpellingsOfOneTextAgree(String one, String other) {
    assertThat(chat(message("user", LONG + one + LONG)))
        .isEqualTo(chat(message("user", LONG + other + LONG)));
  }

  @Test
  void theOrderOfMembersInTheBodyDoesNotMatter() {
    String messages = "[" + message("system", LONG) + "," + message("user", LONG) + "]";
    String swapped =
        "[{\"content\":\"" + LONG + "\",\"role\":\"system\"}, " + message("user", LONG) + "]";
    String tools = "[{\"type\":\"function\",\"function\":{\"name\":\"" + LONG + "\"}}]";
    assertThat(
            keys(
                Api.CHAT_COMPLETIONS,
                "{\"model\":\"m\",\"tools\":" + tools + ",\"messages\":" + messages + "}"))
        .isEqualTo(
            keys(
                Api.CHAT_COMPLETIONS,
                "{\"messages\":" + swapped + " ,\"tools\":" + tools + ",\"model\":\"m\"}"));
  }

  @Test
  void whatChangesTheCacheChangesEveryKeyFromThereOn() {
    String user = message("user", LONG);
    long[] plain = chat(user);
    assertThat(chat(message("assistant", LONG))).doesNotContain(plain);
    assertThat(keys(Api.CHAT_COMPLETIONS, "{\"model\":\"other\",\"messages\":[" + user + "]}"))
        .doesNotContain(plain);
    assertThat(
            keys(
                Api.CHAT_COMPLETIONS,
                "{\"model\":\"m\",\"cache_salt\":\"s\",\"messages\":[" + user + "]}"))
        .doesNotContain(plain);
  }

  @Test
  void movingABorderBetweenMessagesChangesTheKeys() {
    long[] one = chat(message("user", LONG + "ab") + "," + message("user", "c" + LONG));
    long[] other = chat(message("user", LONG + "a") + "," + message("user", "bc" + LONG));
    assertThat(one[one.length - 1]).isNotEqualTo(other[other.length - 1]);
  }

  @Test
  void anImageCountsByItsBytes() {
    String text = "{\"type\":\"text\",\"text\":\"" + LONG + "\"}";
    long[] one = chat(imageMessage(text, "https://host/one.png"));
    assertThat(chat(imageMessage(text, "https://host/one.png"))).isEqualTo(one);
    long[] two = chat(imageMessage(text, "https://host/two.png"));
    assertThat(two).hasSameSizeAs(one).doesNotContain(one);
  }

  private static String imageMessage(String text, String url) {
    return "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\""
        + url
        + "\"}},"
        + text
        + "]}";
  }

  @Test
  void blocksBeyondTheLimitAreNotLookedAt() {
    String json = "{\"model\":\"m\",\"prompt\":\"" + LONG + LONG + "\"}";
    long[] all = keys(Api.COMPLETIONS, json);
    assertThat(keys(Api.COMPLETIONS, json, BLOCK, 4 * BLOCK - 1)).isEqualTo(Arrays.copyOf(all, 3));
  }

  @Test
  void keysOfDifferentBlockSizesHaveNothingInCommon() {
    String json = "{\"model\":\"m\",\"prompt\":\"" + LONG + LONG + "\"}";
    Set<Long> seen = new HashSet<>();
    int expected = 0;
    for (int blockBytes : new int[] {16, 32, 64, 128}) {
      long[] keys = keys(Api.COMPLETIONS, json, blockBytes, 1 << 20);
      expected += keys.length;
      LongStream.of(keys).forEach(seen::add);
    }
    assertThat(seen).hasSize(expected);
  }

  /** Replicas of different versions must notice that they differ; see PromptHasher.VERSION. */
  @Test
  void theKeysOfThisFormatAreFixed() {
    assertThat(PromptHasher.seed(128)).isEqualTo(GOLDEN_SEED);
    assertThat(chat(message("system", LONG) + "," + message("user", "caf\\u00e9"))[4])
        .isEqualTo(GOLDEN_KEY);
  }

  private static final long GOLDEN_SEED = -5838389833864844751L;
  private static final long GOLDEN_KEY = -3960715888587357068L;

  /**
   * Random texts, spelled in two random ways, against a reference that writes the canonical string
   * out and hashes it block by block.
   */
  @ParameterizedTest
  @MethodSource("seeds")
  void anySpellingGivesTheKeysOfTheCanonicalString(long seed) {
    var random = new SplittableRandom(seed);
    for (int round = 0; round < 20; round++) {
      var one = new StringBuilder();
      var other = new StringBuilder();
      var reference = new ReferenceHasher("m", BLOCK);
      int messages = random.nextInt(1, 5);
      for (int i = 0; i < messages; i++) {
        String text = randomText(random);
        String comma = i == 0 ? "" : ",";
        one.append(comma).append(message("user", spelled(text, random)));
        other.append(comma).append(message("user", spelled(text, random)));
        reference.span(4, true, "user");
        reference.span(5, false, text);
      }
      long[] keys = chat(one.toString());
      assertThat(keys).as("seed %s", seed).isEqualTo(chat(other.toString()));
      assertThat(keys).as("seed %s", seed).isEqualTo(reference.keys());
    }
  }

  private static String randomText(SplittableRandom random) {
    var text = new StringBuilder();
    int length = random.nextInt(0, 300);
    while (text.length() < length) {
      switch (random.nextInt(8)) {
        case 0 -> text.appendCodePoint(random.nextInt(0x10000, 0x10ffff));
        case 1 -> text.append((char) random.nextInt(0x80, 0xd800));
        case 2 -> text.append((char) random.nextInt(0, 0x20));
        case 3 -> text.append("\"\\/".charAt(random.nextInt(3)));
        default -> text.append((char) random.nextInt(0x20, 0x7f));
      }
    }
    return text.toString();
  }

  /** Writes a text as JSON, each character in one of the ways that JSON allows. */
  private static String spelled(String text, SplittableRandom random) {
    var json = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair = Character.isSurrogate(c);
      boolean must = c < 0x20 || c == '"' || c == '\\';
      if (pair && random.nextBoolean()) {
        json.append(c).append(text.charAt(++i));
      } else if (pair || must || random.nextInt(6) == 0) {
        json.append(String.format(random.nextBoolean() ? "\\u%04x" : "\\u%04X", (int) c));
        if (pair) {
          json.append(String.format("\\u%04x", (int) text.charAt(++i)));
        }
      } else {
        json.append(c);
      }
    }
    return json.toString();
  }
}
