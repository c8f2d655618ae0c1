package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.pointsman.plugin.prompt.Malformed.Kind;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies made to hurt: they are answered at once and cost little memory beside themselves. */
class RequestReaderHostileTest {
  private static final int LARGEST_BODY = 4 * 1024 * 1024;

  /** Room for {@link PromptSpans#MAX_SPANS} spans, twice over for growing and arranging them. */
  private static final long ALLOCATION_LIMIT = 2_000_000;

  private static final String HEAD = "{\"model\":\"m\",\"messages\":[";

  private final RequestReader reader = new RequestReader();

  @Test
  void aStringOfFourMebibytesIsOneSpan() {
    String head = HEAD + "{\"content\":\"";
    String tail = "\"}]}";
    String text = "x".repeat(LARGEST_BODY - head.length() - tail.length());

    PromptSpans spans = parsed(head + text + tail).prompt();

    assertThat(spans.size()).isEqualTo(1);
    assertThat(spans.totalBytes()).isEqualTo(text.length());
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":", "[{\"a\":", "[[],"})
  void deepNestingIsRefused(String level) {
    String open = level.repeat(LARGEST_BODY / level.length());

    assertThat(malformed("{\"model\":\"m\",\"x\":" + open).message())
        .isEqualTo("JSON nested more than 512 deep");
    assertThat(malformed(level.repeat(10_000)).kind()).isEqualTo(Kind.BODY);
  }

  @Test
  void nestingIsAllowedDownToTheLimit() {
    assertThat(readNested(JsonCursor.MAX_DEPTH - 1)).isInstanceOf(ParsedRequest.class);
    assertThat(readNested(JsonCursor.MAX_DEPTH)).isInstanceOf(Malformed.class);
  }

  private ReadResult readNested(int levels) {
    return read(HEAD + "{}],\"x\":" + "[".repeat(levels) + "]".repeat(levels) + "}");
  }

  @Test
  void aMillionEmptyMessagesAreNoSpans() {
    assertThat(parsed(HEAD + "{},".repeat(1_000_000) + "{}]}").prompt().size()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"content\":\"\"}",
        "{\"content\":[\"\",\"\",\"\",\"\"]}",
        "{\"a\":1,\"content\":\"c\",\"role\":\"user\"}",
        "{\"role\":\"system\",\"content\":\"\"}"
      })
  void spansAreCapped(String message) {
    int count = LARGEST_BODY / (message.length() + 1) - 10;
    String body = HEAD + (message + ",").repeat(count) + message + "],\"tools\":[]}";

    PromptSpans spans = parsed(body).prompt();

    assertThat(spans.size()).isEqualTo(PromptSpans.MAX_SPANS);
    assertThat(spans.truncated()).isTrue();
    assertThat(spans.end(spans.size() - 1)).isGreaterThan(spans.start(0));
  }

  @Test
  void whatLiesBeyondTheCapStillCountsAsBytes() {
    int count = PromptSpans.MAX_SPANS + 1_000;
    String body = "{\"model\":\"m\",\"prompt\":[" + "\"abc\",".repeat(count) + "\"abc\"]}";

    PromptSpans spans = parsed(Api.COMPLETIONS, body).prompt();

    assertThat(spans.truncated()).isTrue();
    assertThat(spans.totalBytes()).isEqualTo(3 * (count + 1));
  }

  @Test
  void aMillionMembersOfOneMessageAreReadInLinearSpace() {
    String members = "\"a\":1,".repeat(LARGEST_BODY / 6 - 100);

    PromptSpans spans =
        parsed(HEAD + "{" + members + "\"content\":\"c\",\"role\":\"user\"}]}").prompt();

    assertThat(spans.size()).isEqualTo(PromptSpans.MAX_SPANS);
  }

  @Test
  void anEndlessModelNameIsRefused() {
    assertThat(malformed("{\"model\":\"" + "m".repeat(LARGEST_BODY - 100) + "\"}").message())
        .isEqualTo("model is too long");
    assertThat(malformed("{\"model\":\"" + "m".repeat(1025) + "\"}").message())
        .isEqualTo("model is too long");
  }

  @Test
  void anEndlessKeyOrNumberIsPassedOver() {
    String longKey = "\"" + "k".repeat(1_000_000) + "\\u0041\":" + "1".repeat(1_000_000);

    assertThat(parsed(HEAD + "{" + longKey + "}]," + longKey + "}").model()).isEqualTo("m");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u0080",
        "\u00c3",
        "\u00c3(",
        "\u00c0\u00af",
        "\u00e0\u0080\u0080",
        "\u00ed\u00a0\u0080",
        "\u00f0\u0080\u0080\u0080",
        "\u00f4\u0090\u0080\u0080",
        "\u00f8\u0088\u0080\u0080\u0080",
        "\u00ff",
        "\u00e2\u0082"
      })
  void whatIsNotUtf8IsRefused(String bytesAsLatin1) {
    // At every place of a word, since eight bytes are looked at together; and behind a character.
    for (int before = 0; before < 18; before++) {
      String ahead = "x".repeat(before / 2) + (before % 2 == 0 ? "" : "\u00e4\u00bd\u00a0");
      String body = HEAD + "{\"content\":\"" + ahead + bytesAsLatin1 + "yyyyyyy\"}]}";
      byte[] bytes = body.getBytes(ISO_8859_1);

      ReadResult result = reader.read(Api.CHAT_COMPLETIONS, null, bytes, 0, bytes.length, true);

      assertThat(result).isInstanceOf(Malformed.class);
      assertThat(((Malformed) result).message()).endsWith("not UTF-8");
    }
  }

  private ReadResult read(String body) {
    return read(Api.CHAT_COMPLETIONS, body);
  }

  /** Reads under an eye on what is allocated. */
  private ReadResult read(Api api, String body) {
    byte[] bytes = body.getBytes(UTF_8);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    ReadResult result = reader.read(api, null, bytes, 0, bytes.length, true);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(allocated).as("bytes allocated").isLessThan(ALLOCATION_LIMIT);
    return result;
  }

  private ParsedRequest parsed(String body) {
    return parsed(Api.CHAT_COMPLETIONS, body);
  }

  private ParsedRequest parsed(Api api, String body) {
    ReadResult result = read(api, body);
    assertThat(result).isInstanceOf(ParsedRequest.class);
    return (ParsedRequest) result;
  }

  private Malformed malformed(String body) {
    ReadResult result = read(body);
    assertThat(result).isInstanceOf(Malformed.class);
    return (Malformed) result;
  }
}
