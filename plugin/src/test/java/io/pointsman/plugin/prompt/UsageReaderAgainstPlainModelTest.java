package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.prompt.PlainJson.NotJson;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random answers in random chunks, read as they pass and by a plain parser as a whole. */
class UsageReaderAgainstPlainModelTest {
  private static final int BODIES = 200;

  static LongStream seeds() {
    return LongStream.range(0, 20);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void jsonBodiesAgreeWithThePlainModel(long seed) throws NotJson {
    RandomJson json = new RandomJson(seed);
    int seen = 0;
    for (int i = 0; i < BODIES; i++) {
      byte[] body = document(json).getBytes(UTF_8);
      PlainUsage plain = PlainUsage.ofJson(body);
      UsageReader reader = read(json, false, body);

      String what = "seed " + seed + ": " + new String(body, UTF_8);
      assertThat(reader.promptTokens()).as(what).isEqualTo(plain.promptTokens);
      assertThat(reader.completionTokens()).as(what).isEqualTo(plain.completionTokens);
      seen += reader.seen() ? 1 : 0;
    }
    assertThat(seen).as("bodies with usage, seed %d", seed).isGreaterThan(BODIES / 5);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void eventStreamsAgreeWithThePlainModel(long seed) {
    RandomJson json = new RandomJson(seed);
    int terminal = 0;
    for (int i = 0; i < BODIES; i++) {
      byte[] body = events(json).getBytes(UTF_8);
      PlainUsage plain = PlainUsage.ofEvents(body);
      UsageReader reader = read(json, true, body);

      String what = "seed " + seed + ": " + new String(body, UTF_8);
      assertThat(reader.promptTokens()).as(what).isEqualTo(plain.promptTokens);
      assertThat(reader.completionTokens()).as(what).isEqualTo(plain.completionTokens);
      assertThat(reader.terminalEventSeen()).as(what).isEqualTo(plain.terminal);
      terminal += plain.terminal ? 1 : 0;
    }
    assertThat(terminal).as("streams that end, seed %d", seed).isBetween(BODIES / 10, BODIES - 10);
  }

  /** A broken answer means whatever it means, but never throws and never depends on the chunks. */
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void brokenAnswersAreReadTheSameHoweverTheyAreCut(long seed) {
    RandomJson json = new RandomJson(seed);
    for (int i = 0; i < BODIES; i++) {
      boolean eventStream = json.chance(0.7);
      String text = eventStream ? events(json) : document(json);
      byte[] body = json.spoil(text.getBytes(UTF_8));
      UsageReader whole = new UsageReader(eventStream);
      whole.accept(body, 0, body.length);
      whole.end();
      UsageReader cut = read(json, eventStream, body);

      String what = "seed " + seed + ": " + new String(body, ISO_8859_1);
      assertThat(cut.promptTokens()).as(what).isEqualTo(whole.promptTokens());
      assertThat(cut.completionTokens()).as(what).isEqualTo(whole.completionTokens());
      assertThat(cut.terminalEventSeen()).as(what).isEqualTo(whole.terminalEventSeen());
    }
  }

  private static UsageReader read(RandomJson json, boolean eventStream, byte[] body) {
    UsageReader reader = new UsageReader(eventStream);
    int longest = json.chance(0.3) ? 1 : 1 + json.random.nextInt(40);
    int at = 0;
    while (at < body.length) {
      int length = Math.min(body.length - at, json.random.nextInt(longest + 1));
      reader.accept(body, at, length);
      at += length;
    }
    reader.end();
    return reader;
  }

  private static String document(RandomJson json) {
    List<String> members = new ArrayList<>();
    members.add(json.member("id", json.string()));
    members.add(json.member(json.oneOf("choices", "message", "response"), json.value(4)));
    if (json.chance(0.5)) {
      members.add(json.member("usage", usage(json)));
    }
    if (json.chance(0.3)) {
      String inner = json.object(List.of(json.member("usage", usage(json)), json.member("a", "1")));
      members.add(json.member(json.oneOf("response", "message", "choice"), inner));
    }
    if (json.chance(0.3)) {
      members.add(json.member("type", type(json)));
    }
    return json.object(members);
  }

  private static String usage(RandomJson json) {
    List<String> members = new ArrayList<>();
    for (int i = json.random.nextInt(4); i > 0; i--) {
      String name =
          json.oneOf(
              "prompt_tokens",
              "completion_tokens",
              "input_tokens",
              "output_tokens",
              "total_tokens");
      String value =
          json.chance(0.8) ? String.valueOf(json.random.nextInt(100_000)) : json.value(2);
      members.add(json.member(name, value));
    }
    return json.chance(0.1) ? json.value(2) : json.object(members);
  }

  private static String type(RandomJson json) {
    return json.chance(0.2)
        ? json.value(1)
        : json.spelled(
            json.oneOf("message_stop", "response.completed", "response.created", "message_delta"));
  }

  private static String events(RandomJson json) {
    StringBuilder stream = new StringBuilder(json.chance(0.2) ? "\ufeff" : "");
    for (int i = json.random.nextInt(6); i > 0; i--) {
      stream.append(event(json));
    }
    if (json.chance(0.3)) {
      stream.append("data:").append(json.oneOf("", " ", "  ")).append("[DONE]").append("\n\n");
    }
    String text = withLineEnds(json, stream.toString().replace("\r\n", "\n"));
    return json.chance(0.1) ? text.stripTrailing() : text;
  }

  /** Lines end as in other systems, all alike or each in its own way. */
  private static String withLineEnds(RandomJson json, String text) {
    boolean mixed = json.chance(0.3);
    String end = json.oneOf("\n", "\r\n", "\r");
    StringBuilder result = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\n') {
        result.append(mixed ? json.oneOf("\n", "\r\n", "\r") : end);
      } else {
        result.append(c);
      }
    }
    return result.toString();
  }

  private static String event(RandomJson json) {
    if (json.chance(0.1)) {
      return json.oneOf(
          ": comment\n\n", "\n", "data\n\n", "id: 5\n\n", "data: {}x\n\n", "data: [\n\n");
    }
    String head = json.oneOf("", "event: x\n", "retry: 5\n", "data:\n", "dat: {}\n", "datax: {}\n");
    String space = json.oneOf(" ", "", "  ");
    // Line breaks stand between tokens only, so that the data goes over several lines.
    String data = document(json).replace("\r\n", "\n").replace("\n", "\ndata:" + space);
    return head + "data:" + space + data + "\n" + json.oneOf("", ":\n") + "\n";
  }
}
